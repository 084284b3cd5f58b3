/** All that is served. A kind of request without an entry here is neither advertised nor passed on. */
import { consumerGroupHeartbeatEnforcement } from './consumer-group-heartbeat.ts'
import { offsetCommitEnforcement, offsetFetchEnforcement } from './committed-offsets.ts'
import { createPartitionsEnforcement, createTopicsEnforcement } from './create-topics.ts'
import { deleteTopicsEnforcement } from './delete-topics.ts'
import { describeClusterEnforcement } from './describe-cluster.ts'
import { describeConfigsEnforcement } from './describe-configs.ts'
import { describeTopicPartitionsEnforcement } from './describe-topic-partitions.ts'
import type { Enforcement } from './enforcement.ts'
import { fetchEnforcement } from './fetch.ts'
import { findCoordinatorEnforcement } from './find-coordinator.ts'
import {
  consumerGroupDescribeEnforcement,
  describeGroupsEnforcement,
  listGroupsEnforcement,
} from './group-descriptions.ts'
import {
  heartbeatEnforcement,
  joinGroupEnforcement,
  leaveGroupEnforcement,
  syncGroupEnforcement,
} from './group-membership.ts'
import { initProducerIdEnforcement } from './init-producer-id.ts'
import { listOffsetsEnforcement, offsetForLeaderEpochEnforcement } from './log-offsets.ts'
import { metadataEnforcement } from './metadata.ts'
import { produceEnforcement } from './produce.ts'

export const enforcements: ReadonlyMap<number, Enforcement> = new Map(
  [
    produceEnforcement,
    fetchEnforcement,
    listOffsetsEnforcement,
    metadataEnforcement,
    offsetCommitEnforcement,
    offsetFetchEnforcement,
    findCoordinatorEnforcement,
    joinGroupEnforcement,
    heartbeatEnforcement,
    leaveGroupEnforcement,
    syncGroupEnforcement,
    describeGroupsEnforcement,
    listGroupsEnforcement,
    createTopicsEnforcement,
    deleteTopicsEnforcement,
    initProducerIdEnforcement,
    offsetForLeaderEpochEnforcement,
    describeConfigsEnforcement,
    createPartitionsEnforcement,
    describeClusterEnforcement,
    consumerGroupHeartbeatEnforcement,
    consumerGroupDescribeEnforcement,
    describeTopicPartitionsEnforcement,
  ].map((enforcement) => [enforcement.api.key, enforcement]),
)
