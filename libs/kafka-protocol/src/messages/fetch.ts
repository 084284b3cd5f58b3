import { api, array, int16, int32, int64, int8, records, string, struct, uuid } from '../schema.ts'
import { leaderIdAndEpoch, nodeEndpoint } from './leadership.ts'

const topicName = string({ until: 12, ignorable: true })
const topicId = uuid({ since: 13, ignorable: true })

/** Fetch (sessions KIP-227; topic ids KIP-516; leader hints KIP-951). The replica fields are used between brokers only. */
export const fetch = api(
  1,
  'Fetch',
  { versions: [4, 18], flexible: 12 },
  {
    request: {
      clusterId: string({ since: 12, nullable: 12, default: null, ignorable: true, tag: 0 }),
      replicaId: int32({ until: 14, default: -1 }),
      replicaState: struct(
        { replicaId: int32({ default: -1 }), replicaEpoch: int64({ default: -1n }) },
        { since: 15, tag: 1 },
      ),
      maxWaitMs: int32(),
      minBytes: int32(),
      maxBytes: int32({ default: 0x7fff_ffff, ignorable: true }),
      isolationLevel: int8({ default: 0, ignorable: true }),
      sessionId: int32({ since: 7, default: 0, ignorable: true }),
      sessionEpoch: int32({ since: 7, default: -1, ignorable: true }),
      topics: array({
        topic: topicName,
        topicId,
        partitions: array({
          partition: int32(),
          currentLeaderEpoch: int32({ since: 9, default: -1, ignorable: true }),
          fetchOffset: int64(),
          lastFetchedEpoch: int32({ since: 12, default: -1 }),
          logStartOffset: int64({ since: 5, default: -1n, ignorable: true }),
          partitionMaxBytes: int32(),
          replicaDirectoryId: uuid({ since: 17, ignorable: true, tag: 0 }),
          highWatermark: int64({ since: 18, default: 0x7fff_ffff_ffff_ffffn, ignorable: true, tag: 1 }),
        }),
      }),
      forgottenTopicsData: array({ topic: topicName, topicId, partitions: array(int32()) }, { since: 7 }),
      rackId: string({ since: 11, default: '', ignorable: true }),
    },
    response: {
      throttleTimeMs: int32({ default: 0, ignorable: true }),
      errorCode: int16({ since: 7, ignorable: true }),
      sessionId: int32({ since: 7, default: 0 }),
      responses: array({
        topic: topicName,
        topicId,
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          highWatermark: int64(),
          lastStableOffset: int64({ default: -1n, ignorable: true }),
          logStartOffset: int64({ since: 5, default: -1n, ignorable: true }),
          divergingEpoch: struct(
            { epoch: int32({ default: -1 }), endOffset: int64({ default: -1n }) },
            { since: 12, tag: 0 },
          ),
          currentLeader: struct(leaderIdAndEpoch, { since: 12, tag: 1 }),
          snapshotId: struct(
            { endOffset: int64({ default: -1n }), epoch: int32({ default: -1 }) },
            { since: 12, tag: 2 },
          ),
          abortedTransactions: array({ producerId: int64(), firstOffset: int64() }, { nullable: 4, ignorable: true }),
          preferredReadReplica: int32({ since: 11, default: -1 }),
          records: records({ nullable: 0 }),
        }),
      }),
      nodeEndpoints: array(nodeEndpoint, { since: 16, tag: 0 }),
    },
  },
)
