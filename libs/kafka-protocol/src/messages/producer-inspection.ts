import { api, array, int16, int32, int64, string } from '../schema.ts'

/** DescribeProducers (KIP-664). `producerEpoch` is an int32 here, an int16 everywhere else. */
export const describeProducers = api(
  61,
  'DescribeProducers',
  { versions: [0, 0], flexible: 0 },
  {
    request: { topics: array({ name: string(), partitionIndexes: array(int32()) }) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: string({ nullable: 0, default: null }),
          activeProducers: array({
            producerId: int64(),
            producerEpoch: int32(),
            lastSequence: int32({ default: -1 }),
            lastTimestamp: int64({ default: -1n }),
            coordinatorEpoch: int32(),
            currentTxnStartOffset: int64({ default: -1n }),
          }),
        }),
      }),
    },
  },
)

/** DescribeTransactions (KIP-664). */
export const describeTransactions = api(
  65,
  'DescribeTransactions',
  { versions: [0, 0], flexible: 0 },
  {
    request: { transactionalIds: array(string()) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      transactionStates: array({
        errorCode: int16(),
        transactionalId: string(),
        transactionState: string(),
        transactionTimeoutMs: int32(),
        transactionStartTimeMs: int64(),
        producerId: int64(),
        producerEpoch: int16(),
        topics: array({ topic: string(), partitions: array(int32()) }),
      }),
    },
  },
)

/** ListTransactions (KIP-664; duration filter KIP-994; id pattern KIP-1152). */
export const listTransactions = api(
  66,
  'ListTransactions',
  { versions: [0, 2], flexible: 0 },
  {
    request: {
      stateFilters: array(string()),
      producerIdFilters: array(int64()),
      durationFilter: int64({ since: 1, default: -1n }),
      transactionalIdPattern: string({ since: 2, nullable: 2, default: null }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      unknownStateFilters: array(string()),
      transactionStates: array({ transactionalId: string(), producerId: int64(), transactionState: string() }),
    },
  },
)
