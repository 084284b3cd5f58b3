import { api, array, bool, int16, int32, int8, string, uuid } from '../schema.ts'

/** CreateTopics (configs in the answer KIP-525; topic ids KIP-516). */
export const createTopics = api(
  19,
  'CreateTopics',
  { versions: [2, 7], flexible: 5 },
  {
    request: {
      topics: array({
        name: string(),
        numPartitions: int32(),
        replicationFactor: int16(),
        assignments: array({ partitionIndex: int32(), brokerIds: array(int32()) }),
        configs: array({ name: string(), value: string({ nullable: 0 }) }),
      }),
      timeoutMs: int32({ default: 60_000 }),
      validateOnly: bool({ default: false }),
    },
    response: {
      throttleTimeMs: int32({ default: 0, ignorable: true }),
      topics: array({
        name: string(),
        topicId: uuid({ since: 7, ignorable: true }),
        errorCode: int16(),
        errorMessage: string({ nullable: 0, ignorable: true }),
        topicConfigErrorCode: int16({ since: 5, tag: 0, ignorable: true }),
        numPartitions: int32({ since: 5, default: -1, ignorable: true }),
        replicationFactor: int16({ since: 5, default: -1, ignorable: true }),
        configs: array(
          {
            name: string(),
            value: string({ nullable: 5 }),
            readOnly: bool(),
            configSource: int8({ default: -1, ignorable: true }),
            isSensitive: bool(),
          },
          { since: 5, nullable: 5, ignorable: true },
        ),
      }),
    },
  },
)

/** DeleteTopics: by name up to version 5, by name or id after it (KIP-516). */
export const deleteTopics = api(
  20,
  'DeleteTopics',
  { versions: [1, 6], flexible: 4 },
  {
    request: {
      topics: array({ name: string({ nullable: 6, default: null }), topicId: uuid() }, { since: 6 }),
      topicNames: array(string(), { until: 5, ignorable: true }),
      timeoutMs: int32(),
    },
    response: {
      throttleTimeMs: int32({ default: 0, ignorable: true }),
      responses: array({
        name: string({ nullable: 6 }),
        topicId: uuid({ since: 6, ignorable: true }),
        errorCode: int16(),
        errorMessage: string({ since: 5, nullable: 5, default: null, ignorable: true }),
      }),
    },
  },
)

/** CreatePartitions (KIP-195). `count` is the new total. */
export const createPartitions = api(
  37,
  'CreatePartitions',
  { versions: [0, 3], flexible: 2 },
  {
    request: {
      topics: array({
        name: string(),
        count: int32(),
        assignments: array({ brokerIds: array(int32()) }, { nullable: 0 }),
      }),
      timeoutMs: int32(),
      validateOnly: bool(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        name: string(),
        errorCode: int16(),
        errorMessage: string({ nullable: 0, default: null }),
      }),
    },
  },
)
