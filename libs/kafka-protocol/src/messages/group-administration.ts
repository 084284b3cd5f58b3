import { api, array, int16, int32, string } from '../schema.ts'

/** DeleteGroups (KIP-229; the message beside the code since v3, KIP-1331). */
export const deleteGroups = api(
  42,
  'DeleteGroups',
  { versions: [0, 3], flexible: 2 },
  {
    request: { groupsNames: array(string()) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        groupId: string(),
        errorCode: int16(),
        errorMessage: string({ since: 3, nullable: 3, default: null, ignorable: true }),
      }),
    },
  },
)

/** OffsetDelete (KIP-496), one of the two APIs that never became flexible. */
export const offsetDelete = api(
  47,
  'OffsetDelete',
  { versions: [0, 0], flexible: 'never' },
  {
    request: {
      groupId: string(),
      topics: array({ name: string(), partitions: array({ partitionIndex: int32() }) }),
    },
    response: {
      errorCode: int16(),
      throttleTimeMs: int32({ default: 0, ignorable: true }),
      topics: array({ name: string(), partitions: array({ partitionIndex: int32(), errorCode: int16() }) }),
    },
  },
)
