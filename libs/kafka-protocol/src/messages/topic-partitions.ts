import { api, array, bool, int16, int32, string, struct, uuid } from '../schema.ts'

const cursor = { topicName: string(), partitionIndex: int32() }

/** DescribeTopicPartitions (KIP-966): metadata of topics in pages; a non-null `nextCursor` asks for the next one. */
export const describeTopicPartitions = api(
  75,
  'DescribeTopicPartitions',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      topics: array({ name: string() }),
      responsePartitionLimit: int32({ default: 2000 }),
      cursor: struct(cursor, { nullable: 0, default: null }),
    },
    response: {
      throttleTimeMs: int32({ default: 0, ignorable: true }),
      topics: array({
        errorCode: int16(),
        name: string({ nullable: 0 }),
        topicId: uuid({ ignorable: true }),
        isInternal: bool({ ignorable: true }),
        partitions: array({
          errorCode: int16(),
          partitionIndex: int32(),
          leaderId: int32(),
          leaderEpoch: int32({ default: -1, ignorable: true }),
          replicaNodes: array(int32()),
          isrNodes: array(int32()),
          eligibleLeaderReplicas: array(int32(), { nullable: 0, default: null }),
          lastKnownElr: array(int32(), { nullable: 0, default: null }),
          offlineReplicas: array(int32(), { ignorable: true }),
        }),
        topicAuthorizedOperations: int32({ default: -2_147_483_648 }),
      }),
      nextCursor: struct(cursor, { nullable: 0, default: null }),
    },
  },
)
