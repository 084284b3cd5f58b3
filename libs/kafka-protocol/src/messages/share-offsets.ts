import { api, array, int16, int32, int64, string, uuid } from '../schema.ts'

const errorMessage = string({ nullable: 0, default: null })

/** DescribeShareGroupOffsets (KIP-932; lag KIP-1226). `topics` null asks for every topic of the group. */
export const describeShareGroupOffsets = api(
  90,
  'DescribeShareGroupOffsets',
  { versions: [0, 1], flexible: 0 },
  {
    request: {
      groups: array({
        groupId: string(),
        topics: array({ topicName: string(), partitions: array(int32()) }, { nullable: 0 }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      groups: array({
        groupId: string(),
        topics: array({
          topicName: string(),
          topicId: uuid(),
          partitions: array({
            partitionIndex: int32(),
            startOffset: int64(),
            leaderEpoch: int32(),
            lag: int64({ since: 1, default: -1n, ignorable: true }),
            errorCode: int16(),
            errorMessage,
          }),
        }),
        errorCode: int16(),
        errorMessage,
      }),
    },
  },
)

/** AlterShareGroupOffsets (KIP-932). */
export const alterShareGroupOffsets = api(
  91,
  'AlterShareGroupOffsets',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      groupId: string(),
      topics: array({ topicName: string(), partitions: array({ partitionIndex: int32(), startOffset: int64() }) }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage,
      responses: array({
        topicName: string(),
        topicId: uuid(),
        partitions: array({ partitionIndex: int32(), errorCode: int16(), errorMessage }),
      }),
    },
  },
)

/** DeleteShareGroupOffsets (KIP-932). */
export const deleteShareGroupOffsets = api(
  92,
  'DeleteShareGroupOffsets',
  { versions: [0, 0], flexible: 0 },
  {
    request: { groupId: string(), topics: array({ topicName: string() }) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage,
      responses: array({ topicName: string(), topicId: uuid(), errorCode: int16(), errorMessage }),
    },
  },
)
