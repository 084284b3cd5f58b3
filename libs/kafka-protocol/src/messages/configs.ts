import { api, array, bool, int16, int32, int8, string } from '../schema.ts'

/** DescribeConfigs (synonyms KIP-226; types and documentation KIP-569). */
export const describeConfigs = api(
  32,
  'DescribeConfigs',
  { versions: [1, 4], flexible: 4 },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configurationKeys: array(string(), { nullable: 0 }),
      }),
      includeSynonyms: bool({ default: false }),
      includeDocumentation: bool({ since: 3, default: false }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
        resourceType: int8(),
        resourceName: string(),
        configs: array({
          name: string(),
          value: string({ nullable: 0 }),
          readOnly: bool(),
          configSource: int8({ default: -1, ignorable: true }),
          isSensitive: bool(),
          synonyms: array({ name: string(), value: string({ nullable: 0 }), source: int8() }, { ignorable: true }),
          configType: int8({ since: 3, default: 0, ignorable: true }),
          documentation: string({ since: 3, nullable: 0, ignorable: true }),
        }),
      }),
    },
  },
)

/** AlterConfigs: replaces the whole configuration of a resource. */
export const alterConfigs = api(
  33,
  'AlterConfigs',
  { versions: [0, 2], flexible: 2 },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configs: array({ name: string(), value: string({ nullable: 0 }) }),
      }),
      validateOnly: bool(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      responses: array({
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
        resourceType: int8(),
        resourceName: string(),
      }),
    },
  },
)
