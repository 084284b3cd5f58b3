import { api, array, bool, int16, int32, int64, int8, string, struct, uint16 } from '../schema.ts'
import { topologyDescription } from './streams-topology.ts'

const keyValue = { key: string(), value: string() }
const endpoint = { host: string(), port: uint16() }
const taskIds = { subtopologyId: string(), partitions: array(int32()) }
const taskOffset = { subtopologyId: string(), partition: int32(), offset: int64() }
const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(keyValue),
}
const topicPartitions = { topic: string(), partitions: array(int32()) }
const assignment = { activeTasks: array(taskIds), standbyTasks: array(taskIds), warmupTasks: array(taskIds) }

/**
 * StreamsGroupHeartbeat (KIP-1071; topology description since v1, KIP-1331). In the request null means "unchanged
 * since the last heartbeat". The broker creates the internal topics that `topology` names, with the rights of the
 * connection.
 */
export const streamsGroupHeartbeat = api(
  88,
  'StreamsGroupHeartbeat',
  { versions: [0, 1], flexible: 0 },
  {
    request: {
      groupId: string(),
      memberId: string(),
      memberEpoch: int32(),
      endpointInformationEpoch: int32(),
      instanceId: string({ nullable: 0, default: null }),
      rackId: string({ nullable: 0, default: null }),
      rebalanceTimeoutMs: int32({ default: -1 }),
      topology: struct(
        {
          epoch: int32(),
          subtopologies: array({
            subtopologyId: string(),
            sourceTopics: array(string()),
            sourceTopicRegex: array(string()),
            stateChangelogTopics: array(topicInfo),
            repartitionSinkTopics: array(string()),
            repartitionSourceTopics: array(topicInfo),
            // Positions in the three lists above, not names.
            copartitionGroups: array({
              sourceTopics: array(int16()),
              sourceTopicRegex: array(int16()),
              repartitionSourceTopics: array(int16()),
            }),
          }),
        },
        { nullable: 0, default: null },
      ),
      activeTasks: array(taskIds, { nullable: 0, default: null }),
      standbyTasks: array(taskIds, { nullable: 0, default: null }),
      warmupTasks: array(taskIds, { nullable: 0, default: null }),
      processId: string({ nullable: 0, default: null }),
      userEndpoint: struct(endpoint, { nullable: 0, default: null }),
      clientTags: array(keyValue, { nullable: 0, default: null }),
      taskOffsets: array(taskOffset, { nullable: 0, default: null }),
      taskEndOffsets: array(taskOffset, { nullable: 0, default: null }),
      shutdownApplication: bool(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
      memberId: string(),
      memberEpoch: int32(),
      heartbeatIntervalMs: int32(),
      acceptableRecoveryLagLegacy: int32({ until: 0 }),
      taskOffsetIntervalMs: int32(),
      acceptableRecoveryLag: int64({ since: 1, default: -1n, ignorable: true }),
      status: array({ statusCode: int8(), statusDetail: string() }, { nullable: 0 }),
      activeTasks: array(taskIds, { nullable: 0, default: null }),
      standbyTasks: array(taskIds, { nullable: 0, default: null }),
      warmupTasks: array(taskIds, { nullable: 0, default: null }),
      topologyDescriptionRequired: bool({ since: 1 }),
      endpointInformationEpoch: int32(),
      partitionsByUserEndpoint: array(
        {
          userEndpoint: struct(endpoint),
          activePartitions: array(topicPartitions),
          standbyPartitions: array(topicPartitions),
        },
        { nullable: 0, default: null },
      ),
    },
  },
)

/** StreamsGroupDescribe (KIP-1071; topology description since v1, KIP-1331). */
export const streamsGroupDescribe = api(
  89,
  'StreamsGroupDescribe',
  { versions: [0, 1], flexible: 0 },
  {
    request: {
      groupIds: array(string()),
      includeAuthorizedOperations: bool(),
      includeTopologyDescription: bool({ since: 1 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      groups: array({
        errorCode: int16(),
        errorMessage: string({ nullable: 0, default: null }),
        groupId: string(),
        groupState: string(),
        groupEpoch: int32(),
        assignmentEpoch: int32(),
        topology: struct(
          {
            epoch: int32(),
            subtopologies: array(
              {
                subtopologyId: string(),
                sourceTopics: array(string()),
                repartitionSinkTopics: array(string()),
                stateChangelogTopics: array(topicInfo),
                repartitionSourceTopics: array(topicInfo),
              },
              { nullable: 0, default: null },
            ),
          },
          { nullable: 0, default: null },
        ),
        members: array({
          memberId: string(),
          memberEpoch: int32(),
          instanceId: string({ nullable: 0, default: null }),
          rackId: string({ nullable: 0, default: null }),
          clientId: string(),
          clientHost: string(),
          topologyEpoch: int32(),
          processId: string(),
          userEndpoint: struct(endpoint, { nullable: 0, default: null }),
          clientTags: array(keyValue),
          taskOffsets: array(taskOffset),
          taskEndOffsets: array(taskOffset),
          assignment: struct(assignment),
          targetAssignment: struct(assignment),
          isClassic: bool(),
        }),
        authorizedOperations: int32({ default: -2_147_483_648 }),
        topologyDescription: struct(topologyDescription, { since: 1, nullable: 1, default: null }),
        topologyDescriptionStatus: int8({ since: 1 }),
        assignorName: string({ since: 1, nullable: 1, default: null, ignorable: true }),
      }),
    },
  },
)
