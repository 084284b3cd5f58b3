import { api, array, bool, int16, int32, int64, int8, records, string, struct, uuid } from '../schema.ts'
import { nodeEndpoint } from './leadership.ts'

const acknowledgementBatches = array({ firstOffset: int64(), lastOffset: int64(), acknowledgeTypes: array(int8()) })
const currentLeader = struct({ leaderId: int32(), leaderEpoch: int32() })
const nodeEndpoints = array(nodeEndpoint)

/** ShareFetch (KIP-932; acquire mode KIP-1206; renewal of the lock KIP-1222). */
export const shareFetch = api(
  78,
  'ShareFetch',
  { versions: [1, 2], flexible: 0 },
  {
    request: {
      groupId: string({ nullable: 0, default: null }),
      memberId: string({ nullable: 0 }),
      shareSessionEpoch: int32(),
      maxWaitMs: int32(),
      minBytes: int32(),
      maxBytes: int32({ default: 0x7fff_ffff }),
      maxRecords: int32(),
      batchSize: int32(),
      shareAcquireMode: int8({ since: 2, ignorable: true }),
      isRenewAck: bool({ since: 2 }),
      topics: array({ topicId: uuid(), partitions: array({ partitionIndex: int32(), acknowledgementBatches }) }),
      forgottenTopicsData: array({ topicId: uuid(), partitions: array(int32()) }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
      acquisitionLockTimeoutMs: int32(),
      responses: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: string({ nullable: 0, default: null }),
          acknowledgeErrorCode: int16(),
          acknowledgeErrorMessage: string({ nullable: 0, default: null }),
          currentLeader,
          records: records(),
          acquiredRecords: array({ firstOffset: int64(), lastOffset: int64(), deliveryCount: int16() }),
        }),
      }),
      nodeEndpoints,
    },
  },
)

/** ShareAcknowledge (KIP-932; renewal of the lock KIP-1222). */
export const shareAcknowledge = api(
  79,
  'ShareAcknowledge',
  { versions: [1, 2], flexible: 0 },
  {
    request: {
      groupId: string({ nullable: 0, default: null }),
      memberId: string({ nullable: 0 }),
      shareSessionEpoch: int32(),
      isRenewAck: bool({ since: 2 }),
      topics: array({ topicId: uuid(), partitions: array({ partitionIndex: int32(), acknowledgementBatches }) }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
      acquisitionLockTimeoutMs: int32({ since: 2, ignorable: true }),
      responses: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: string({ nullable: 0, default: null }),
          currentLeader,
        }),
      }),
      nodeEndpoints,
    },
  },
)
