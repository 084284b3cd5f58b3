/** The APIs that a broker listener serves in Kafka 4.0 to 4.4, one export each. */

export { produce } from './messages/produce.ts'
export { fetch } from './messages/fetch.ts'
export { listOffsets, deleteRecords, offsetForLeaderEpoch } from './messages/offsets.ts'
export { metadata } from './messages/metadata.ts'
export { offsetCommit, offsetFetch } from './messages/group-offsets.ts'
export {
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
} from './messages/groups-classic.ts'
export { saslHandshake, saslAuthenticate } from './messages/sasl.ts'
export { apiVersions } from './messages/api-versions.ts'
export { createTopics, deleteTopics, createPartitions } from './messages/topics.ts'
export {
  initProducerId,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  txnOffsetCommit,
} from './messages/transactions.ts'
export { describeAcls, createAcls, deleteAcls } from './messages/acls.ts'
export { describeConfigs, alterConfigs } from './messages/configs.ts'
export { alterReplicaLogDirs, describeLogDirs } from './messages/log-dirs.ts'
export {
  createDelegationToken,
  renewDelegationToken,
  expireDelegationToken,
  describeDelegationToken,
} from './messages/delegation-tokens.ts'
export { deleteGroups, offsetDelete } from './messages/group-administration.ts'
export {
  electLeaders,
  alterPartitionReassignments,
  listPartitionReassignments,
} from './messages/partition-placement.ts'
export { incrementalAlterConfigs, listConfigResources } from './messages/config-resources.ts'
export { describeClientQuotas, alterClientQuotas } from './messages/quotas.ts'
export { describeUserScramCredentials, alterUserScramCredentials } from './messages/scram.ts'
export { describeQuorum, addRaftVoter, removeRaftVoter } from './messages/quorum.ts'
export { updateFeatures } from './messages/features.ts'
export { describeCluster, unregisterBroker, unregisterController } from './messages/cluster.ts'
export { describeProducers, describeTransactions, listTransactions } from './messages/producer-inspection.ts'
export { consumerGroupHeartbeat, consumerGroupDescribe } from './messages/consumer-groups.ts'
export { getTelemetrySubscriptions, pushTelemetry } from './messages/telemetry.ts'
export { describeTopicPartitions } from './messages/topic-partitions.ts'
export { shareGroupHeartbeat, shareGroupDescribe } from './messages/share-groups.ts'
export { shareFetch, shareAcknowledge } from './messages/share-fetch.ts'
export {
  initializeShareGroupState,
  readShareGroupState,
  writeShareGroupState,
  deleteShareGroupState,
  readShareGroupStateSummary,
} from './messages/share-state.ts'
export { streamsGroupHeartbeat, streamsGroupDescribe } from './messages/streams-groups.ts'
export { describeShareGroupOffsets, alterShareGroupOffsets, deleteShareGroupOffsets } from './messages/share-offsets.ts'
export { streamsGroupTopologyDescriptionUpdate } from './messages/streams-topology.ts'
