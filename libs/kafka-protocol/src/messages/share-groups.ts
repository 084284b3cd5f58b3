import { api, array, bool, int16, int32, string, struct, uuid } from '../schema.ts'

/** ShareGroupHeartbeat (KIP-932). v0 was early access in Kafka 4.0 and is gone since 4.1. */
export const shareGroupHeartbeat = api(
  76,
  'ShareGroupHeartbeat',
  { versions: [1, 1], flexible: 0 },
  {
    request: {
      groupId: string(),
      memberId: string(),
      memberEpoch: int32(),
      rackId: string({ nullable: 0, default: null }),
      subscribedTopicNames: array(string(), { nullable: 0, default: null }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
      memberId: string({ nullable: 0, default: null }),
      memberEpoch: int32(),
      heartbeatIntervalMs: int32(),
      assignment: struct(
        { topicPartitions: array({ topicId: uuid(), partitions: array(int32()) }) },
        { nullable: 0, default: null },
      ),
    },
  },
)

/** ShareGroupDescribe (KIP-932). */
export const shareGroupDescribe = api(
  77,
  'ShareGroupDescribe',
  { versions: [1, 1], flexible: 0 },
  {
    request: { groupIds: array(string()), includeAuthorizedOperations: bool() },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      groups: array({
        errorCode: int16(),
        errorMessage: string({ nullable: 0, default: null }),
        groupId: string(),
        groupState: string(),
        groupEpoch: int32(),
        assignmentEpoch: int32(),
        assignorName: string(),
        members: array({
          memberId: string(),
          rackId: string({ nullable: 0, default: null }),
          memberEpoch: int32(),
          clientId: string(),
          clientHost: string(),
          subscribedTopicNames: array(string()),
          assignment: struct({
            topicPartitions: array({ topicId: uuid(), topicName: string(), partitions: array(int32()) }),
          }),
        }),
        authorizedOperations: int32({ default: -2_147_483_648 }),
      }),
    },
  },
)
