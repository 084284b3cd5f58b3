import { api, array, bool, int16, int32, int8, string, struct, uuid } from '../schema.ts'

const topicPartitions = { topicId: uuid(), partitions: array(int32()) }
const assignment = {
  topicPartitions: array({ topicId: uuid(), topicName: string(), partitions: array(int32()) }),
}

/**
 * ConsumerGroupHeartbeat (KIP-848). In the request null means "unchanged since the last heartbeat". From v1 on a
 * subscription may be a regular expression that the broker resolves with the rights of the connection.
 */
export const consumerGroupHeartbeat = api(
  68,
  'ConsumerGroupHeartbeat',
  { versions: [0, 1], flexible: 0 },
  {
    request: {
      groupId: string(),
      memberId: string(),
      memberEpoch: int32(),
      instanceId: string({ nullable: 0, default: null }),
      rackId: string({ nullable: 0, default: null }),
      rebalanceTimeoutMs: int32({ default: -1 }),
      subscribedTopicNames: array(string(), { nullable: 0, default: null }),
      subscribedTopicRegex: string({ since: 1, nullable: 1, default: null }),
      serverAssignor: string({ nullable: 0, default: null }),
      topicPartitions: array(topicPartitions, { nullable: 0, default: null }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
      memberId: string({ nullable: 0, default: null }),
      memberEpoch: int32(),
      heartbeatIntervalMs: int32(),
      assignment: struct({ topicPartitions: array(topicPartitions) }, { nullable: 0, default: null }),
    },
  },
)

/** ConsumerGroupDescribe (KIP-848; member type KIP-1099). */
export const consumerGroupDescribe = api(
  69,
  'ConsumerGroupDescribe',
  { versions: [0, 1], flexible: 0 },
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
          instanceId: string({ nullable: 0, default: null }),
          rackId: string({ nullable: 0, default: null }),
          memberEpoch: int32(),
          clientId: string(),
          clientHost: string(),
          subscribedTopicNames: array(string()),
          subscribedTopicRegex: string({ nullable: 0, default: null }),
          assignment: struct(assignment),
          targetAssignment: struct(assignment),
          memberType: int8({ since: 1, default: -1, ignorable: true }),
        }),
        authorizedOperations: int32({ default: -2_147_483_648 }),
      }),
    },
  },
)
