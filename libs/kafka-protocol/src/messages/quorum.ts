import { api, array, bool, int16, int32, int64, string, uint16, uuid } from '../schema.ts'

const replicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 2 }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64({ since: 1, default: -1n, ignorable: true }),
  lastCaughtUpTimestamp: int64({ since: 1, default: -1n, ignorable: true }),
}
const listener = { name: string(), host: string(), port: uint16() }
const acknowledgement = {
  throttleTimeMs: int32({ default: 0 }),
  errorCode: int16(),
  errorMessage: string({ nullable: 0, ignorable: true }),
}

/** DescribeQuorum (KIP-595; fetch times KIP-836; directory ids and controller addresses KIP-853). */
export const describeQuorum = api(
  55,
  'DescribeQuorum',
  { versions: [0, 2], flexible: 0 },
  {
    request: { topics: array({ topicName: string(), partitions: array({ partitionIndex: int32() }) }) },
    response: {
      errorCode: int16(),
      errorMessage: string({ since: 2, nullable: 2, ignorable: true }),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: string({ since: 2, nullable: 2, ignorable: true }),
          leaderId: int32(),
          leaderEpoch: int32(),
          highWatermark: int64(),
          currentVoters: array(replicaState),
          observers: array(replicaState),
        }),
      }),
      nodes: array({ nodeId: int32(), listeners: array(listener) }, { since: 2 }),
    },
  },
)

/** AddRaftVoter (KIP-853; early acknowledgement KIP-1186). */
export const addRaftVoter = api(
  80,
  'AddRaftVoter',
  { versions: [0, 1], flexible: 0 },
  {
    request: {
      clusterId: string({ nullable: 0 }),
      timeoutMs: int32(),
      voterId: int32(),
      voterDirectoryId: uuid(),
      listeners: array(listener),
      ackWhenCommitted: bool({ since: 1, default: true }),
    },
    response: acknowledgement,
  },
)

/** RemoveRaftVoter (KIP-853). */
export const removeRaftVoter = api(
  81,
  'RemoveRaftVoter',
  { versions: [0, 0], flexible: 0 },
  {
    request: { clusterId: string({ nullable: 0 }), voterId: int32(), voterDirectoryId: uuid() },
    response: acknowledgement,
  },
)
