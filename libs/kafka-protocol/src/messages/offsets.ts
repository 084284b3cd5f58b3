import { api, array, int16, int32, int64, int8, string } from '../schema.ts'

/** ListOffsets (tiered timestamps KIP-405, KIP-1005; time-out KIP-1075; -6 KIP-1023). */
export const listOffsets = api(
  2,
  'ListOffsets',
  { versions: [1, 11], flexible: 6 },
  {
    request: {
      replicaId: int32(),
      isolationLevel: int8({ since: 2 }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          currentLeaderEpoch: int32({ since: 4, default: -1, ignorable: true }),
          timestamp: int64(),
        }),
      }),
      timeoutMs: int32({ since: 10, ignorable: true }),
    },
    response: {
      throttleTimeMs: int32({ since: 2, ignorable: true }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          timestamp: int64({ default: -1n }),
          offset: int64({ default: -1n }),
          leaderEpoch: int32({ since: 4, default: -1 }),
        }),
      }),
    },
  },
)

/** DeleteRecords: raises the log start offset (KIP-107). */
export const deleteRecords = api(
  21,
  'DeleteRecords',
  { versions: [0, 2], flexible: 2 },
  {
    request: {
      topics: array({ name: string(), partitions: array({ partitionIndex: int32(), offset: int64() }) }),
      timeoutMs: int32(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        name: string(),
        partitions: array({ partitionIndex: int32(), lowWatermark: int64(), errorCode: int16() }),
      }),
    },
  },
)

/** OffsetForLeaderEpoch: how a consumer detects truncation (KIP-320). */
export const offsetForLeaderEpoch = api(
  23,
  'OffsetForLeaderEpoch',
  { versions: [2, 4], flexible: 4 },
  {
    request: {
      replicaId: int32({ since: 3, default: -2, ignorable: true }),
      topics: array({
        topic: string(),
        partitions: array({
          partition: int32(),
          currentLeaderEpoch: int32({ default: -1, ignorable: true }),
          leaderEpoch: int32(),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0, ignorable: true }),
      topics: array({
        topic: string(),
        partitions: array({
          errorCode: int16(),
          partition: int32(),
          leaderEpoch: int32({ default: -1, ignorable: true }),
          endOffset: int64({ default: -1n }),
        }),
      }),
    },
  },
)
