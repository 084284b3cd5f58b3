import { api, array, bool, int16, int32, int8, string } from '../schema.ts'

/** ElectLeaders (KIP-183, KIP-460). `topicPartitions` null means every partition of the cluster. */
export const electLeaders = api(
  43,
  'ElectLeaders',
  { versions: [0, 2], flexible: 2 },
  {
    request: {
      electionType: int8({ since: 1 }),
      topicPartitions: array({ topic: string(), partitions: array(int32()) }, { nullable: 0 }),
      timeoutMs: int32({ default: 60_000 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16({ since: 1 }),
      replicaElectionResults: array({
        topic: string(),
        partitionResult: array({ partitionId: int32(), errorCode: int16(), errorMessage: string({ nullable: 0 }) }),
      }),
    },
  },
)

/** AlterPartitionReassignments (KIP-455; replication factor switch KIP-860). `replicas` null cancels a pending move. */
export const alterPartitionReassignments = api(
  45,
  'AlterPartitionReassignments',
  { versions: [0, 1], flexible: 0 },
  {
    request: {
      timeoutMs: int32({ default: 60_000 }),
      allowReplicationFactorChange: bool({ since: 1, default: true }),
      topics: array({
        name: string(),
        partitions: array({ partitionIndex: int32(), replicas: array(int32(), { nullable: 0, default: null }) }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      allowReplicationFactorChange: bool({ since: 1, default: true, ignorable: true }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      responses: array({
        name: string(),
        partitions: array({ partitionIndex: int32(), errorCode: int16(), errorMessage: string({ nullable: 0 }) }),
      }),
    },
  },
)

/** ListPartitionReassignments (KIP-455). `topics` null lists every move under way. */
export const listPartitionReassignments = api(
  46,
  'ListPartitionReassignments',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      timeoutMs: int32({ default: 60_000 }),
      topics: array({ name: string(), partitionIndexes: array(int32()) }, { nullable: 0, default: null }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          replicas: array(int32()),
          addingReplicas: array(int32()),
          removingReplicas: array(int32()),
        }),
      }),
    },
  },
)
