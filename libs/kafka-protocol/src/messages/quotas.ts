import { api, array, bool, float64, int16, int32, int8, string } from '../schema.ts'

const entity = { entityType: string(), entityName: string({ nullable: 0 }) }

/** DescribeClientQuotas (KIP-546). `entries` is null when the answer is an error. */
export const describeClientQuotas = api(
  48,
  'DescribeClientQuotas',
  { versions: [0, 1], flexible: 1 },
  {
    request: {
      components: array({ entityType: string(), matchType: int8(), match: string({ nullable: 0 }) }),
      strict: bool(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      entries: array({ entity: array(entity), values: array({ key: string(), value: float64() }) }, { nullable: 0 }),
    },
  },
)

/** AlterClientQuotas (KIP-546). */
export const alterClientQuotas = api(
  49,
  'AlterClientQuotas',
  { versions: [0, 1], flexible: 1 },
  {
    request: {
      entries: array({ entity: array(entity), ops: array({ key: string(), value: float64(), remove: bool() }) }),
      validateOnly: bool(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      entries: array({ errorCode: int16(), errorMessage: string({ nullable: 0 }), entity: array(entity) }),
    },
  },
)
