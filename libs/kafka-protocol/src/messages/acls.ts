import { api, array, int16, int32, int8, string } from '../schema.ts'

/** Resource pattern type LITERAL, the only one before prefixed patterns (KIP-290). */
const literal = 3
const filter = {
  resourceTypeFilter: int8(),
  resourceNameFilter: string({ nullable: 0 }),
  patternTypeFilter: int8({ default: literal }),
  principalFilter: string({ nullable: 0 }),
  hostFilter: string({ nullable: 0 }),
  operation: int8(),
  permissionType: int8(),
}
const entry = { principal: string(), host: string(), operation: int8(), permissionType: int8() }

/** DescribeAcls. */
export const describeAcls = api(
  29,
  'DescribeAcls',
  { versions: [1, 3], flexible: 2 },
  {
    request: filter,
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        patternType: int8({ default: literal }),
        acls: array(entry),
      }),
    },
  },
)

/** CreateAcls. */
export const createAcls = api(
  30,
  'CreateAcls',
  { versions: [1, 3], flexible: 2 },
  {
    request: {
      creations: array({
        resourceType: int8(),
        resourceName: string(),
        resourcePatternType: int8({ default: literal }),
        ...entry,
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({ errorCode: int16(), errorMessage: string({ nullable: 0 }) }),
    },
  },
)

/** DeleteAcls: by filters, not by names. */
export const deleteAcls = api(
  31,
  'DeleteAcls',
  { versions: [1, 3], flexible: 2 },
  {
    request: { filters: array(filter) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      filterResults: array({
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
        matchingAcls: array({
          errorCode: int16(),
          errorMessage: string({ nullable: 0 }),
          resourceType: int8(),
          resourceName: string(),
          patternType: int8({ default: literal }),
          ...entry,
        }),
      }),
    },
  },
)
