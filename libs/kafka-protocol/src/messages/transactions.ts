import { api, array, bool, int16, int32, int64, int8, string, uuid } from '../schema.ts'

const txnTopics = { name: string(), partitions: array(int32()) }
const txnTopicResults = {
  name: string(),
  resultsByPartition: array({ partitionIndex: int32(), partitionErrorCode: int16() }),
}

/** InitProducerId (epoch bumps KIP-360; two-phase commit KIP-939, not yet stable). */
export const initProducerId = api(
  22,
  'InitProducerId',
  { versions: [0, 6], flexible: 2, unstableFrom: 6 },
  {
    request: {
      transactionalId: string({ nullable: 0 }),
      transactionTimeoutMs: int32(),
      producerId: int64({ since: 3, default: -1n }),
      producerEpoch: int16({ since: 3, default: -1 }),
      enable2Pc: bool({ since: 6, default: false }),
      keepPreparedTxn: bool({ since: 6, default: false }),
    },
    response: {
      throttleTimeMs: int32({ default: 0, ignorable: true }),
      errorCode: int16(),
      producerId: int64({ default: -1n }),
      producerEpoch: int16(),
      ongoingTxnProducerId: int64({ since: 6, default: -1n }),
      ongoingTxnProducerEpoch: int16({ since: 6, default: -1 }),
    },
  },
)

/** AddPartitionsToTxn: one transaction up to version 3, a batch (between brokers only) after it (KIP-890). */
export const addPartitionsToTxn = api(
  24,
  'AddPartitionsToTxn',
  { versions: [0, 5], flexible: 3 },
  {
    request: {
      transactions: array(
        {
          transactionalId: string(),
          producerId: int64(),
          producerEpoch: int16(),
          verifyOnly: bool({ default: false }),
          topics: array(txnTopics),
        },
        { since: 4 },
      ),
      v3AndBelowTransactionalId: string({ until: 3 }),
      v3AndBelowProducerId: int64({ until: 3 }),
      v3AndBelowProducerEpoch: int16({ until: 3 }),
      v3AndBelowTopics: array(txnTopics, { until: 3 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16({ since: 4, ignorable: true }),
      resultsByTransaction: array({ transactionalId: string(), topicResults: array(txnTopicResults) }, { since: 4 }),
      resultsByTopicV3AndBelow: array(txnTopicResults, { until: 3 }),
    },
  },
)

/** AddOffsetsToTxn: names the group whose offsets the transaction will commit. */
export const addOffsetsToTxn = api(
  25,
  'AddOffsetsToTxn',
  { versions: [0, 4], flexible: 3 },
  {
    request: { transactionalId: string(), producerId: int64(), producerEpoch: int16(), groupId: string() },
    response: { throttleTimeMs: int32({ default: 0 }), errorCode: int16() },
  },
)

/** EndTxn (the next epoch comes in the answer, KIP-890). */
export const endTxn = api(
  26,
  'EndTxn',
  { versions: [0, 5], flexible: 3 },
  {
    request: { transactionalId: string(), producerId: int64(), producerEpoch: int16(), committed: bool() },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      producerId: int64({ since: 5, default: -1n, ignorable: true }),
      producerEpoch: int16({ since: 5, default: -1, ignorable: true }),
    },
  },
)

/** WriteTxnMarkers: meant for brokers, reachable by any client (transaction version KIP-1228). */
export const writeTxnMarkers = api(
  27,
  'WriteTxnMarkers',
  { versions: [1, 2], flexible: 1 },
  {
    request: {
      markers: array({
        producerId: int64(),
        producerEpoch: int16(),
        transactionResult: bool(),
        topics: array({ name: string(), partitionIndexes: array(int32()) }),
        coordinatorEpoch: int32(),
        transactionVersion: int8({ since: 2, default: 0, ignorable: true }),
      }),
    },
    response: {
      markers: array({
        producerId: int64(),
        topics: array({ name: string(), partitions: array({ partitionIndex: int32(), errorCode: int16() }) }),
      }),
    },
  },
)

/** TxnOffsetCommit (group metadata KIP-447; topic ids from version 6). */
export const txnOffsetCommit = api(
  28,
  'TxnOffsetCommit',
  { versions: [0, 6], flexible: 3 },
  {
    request: {
      transactionalId: string(),
      groupId: string(),
      producerId: int64(),
      producerEpoch: int16(),
      generationIdOrMemberEpoch: int32({ since: 3, default: -1 }),
      memberId: string({ since: 3, default: '' }),
      groupInstanceId: string({ since: 3, nullable: 3, default: null }),
      topics: array({
        name: string({ until: 5, ignorable: true }),
        topicId: uuid({ since: 6, ignorable: true }),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ since: 2, default: -1, ignorable: true }),
          committedMetadata: string({ nullable: 0 }),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        name: string({ until: 5, ignorable: true }),
        topicId: uuid({ since: 6, ignorable: true }),
        partitions: array({ partitionIndex: int32(), errorCode: int16() }),
      }),
    },
  },
)
