/**
 * The share coordinator's state (KIP-932). Brokers talk to each other with these, yet the listener of a broker answers
 * them to any client that holds CLUSTER_ACTION, so they must be understood to be refused.
 */
import { api, array, int16, int32, int64, int8, string, uuid } from '../schema.ts'

const errorMessage = string({ nullable: 0, default: null })
const outcomes = array({
  topicId: uuid(),
  partitions: array({ partition: int32(), errorCode: int16(), errorMessage }),
})
const stateBatches = array({
  firstOffset: int64(),
  lastOffset: int64(),
  deliveryState: int8(),
  deliveryCount: int16(),
})
// Absent means unknown: without it the lag of a share group cannot be told (KIP-1226).
const deliveryCompleteCount = int32({ since: 1, default: -1, ignorable: true })

/** InitializeShareGroupState. */
export const initializeShareGroupState = api(
  83,
  'InitializeShareGroupState',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      groupId: string(),
      topics: array({
        topicId: uuid(),
        partitions: array({ partition: int32(), stateEpoch: int32(), startOffset: int64() }),
      }),
    },
    response: { results: outcomes },
  },
)

/** ReadShareGroupState. */
export const readShareGroupState = api(
  84,
  'ReadShareGroupState',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      groupId: string(),
      topics: array({ topicId: uuid(), partitions: array({ partition: int32(), leaderEpoch: int32() }) }),
    },
    response: {
      results: array({
        topicId: uuid(),
        partitions: array({
          partition: int32(),
          errorCode: int16(),
          errorMessage,
          stateEpoch: int32(),
          startOffset: int64(),
          stateBatches,
        }),
      }),
    },
  },
)

/** WriteShareGroupState. */
export const writeShareGroupState = api(
  85,
  'WriteShareGroupState',
  { versions: [0, 1], flexible: 0 },
  {
    request: {
      groupId: string(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partition: int32(),
          stateEpoch: int32(),
          leaderEpoch: int32(),
          startOffset: int64(),
          deliveryCompleteCount,
          stateBatches,
        }),
      }),
    },
    response: { results: outcomes },
  },
)

/** DeleteShareGroupState. */
export const deleteShareGroupState = api(
  86,
  'DeleteShareGroupState',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      groupId: string(),
      topics: array({ topicId: uuid(), partitions: array({ partition: int32() }) }),
    },
    response: { results: outcomes },
  },
)

/** ReadShareGroupStateSummary. */
export const readShareGroupStateSummary = api(
  87,
  'ReadShareGroupStateSummary',
  { versions: [0, 1], flexible: 0 },
  {
    request: {
      groupId: string(),
      topics: array({ topicId: uuid(), partitions: array({ partition: int32(), leaderEpoch: int32() }) }),
    },
    response: {
      results: array({
        topicId: uuid(),
        partitions: array({
          partition: int32(),
          errorCode: int16(),
          errorMessage,
          stateEpoch: int32(),
          leaderEpoch: int32(),
          startOffset: int64(),
          deliveryCompleteCount,
        }),
      }),
    },
  },
)
