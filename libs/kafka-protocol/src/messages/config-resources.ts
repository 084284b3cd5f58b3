import { api, array, bool, int16, int32, int8, string } from '../schema.ts'

/** IncrementalAlterConfigs (KIP-339). */
export const incrementalAlterConfigs = api(
  44,
  'IncrementalAlterConfigs',
  { versions: [0, 1], flexible: 1 },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configs: array({ name: string(), configOperation: int8(), value: string({ nullable: 0 }) }),
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

/** ListConfigResources (KIP-1142). Up to Kafka 4.0, v0 alone under the name ListClientMetricsResources (KIP-1000). */
export const listConfigResources = api(
  74,
  'ListConfigResources',
  { versions: [0, 1], flexible: 0 },
  {
    request: { resourceTypes: array(int8(), { since: 1 }) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      configResources: array({
        resourceName: string(),
        resourceType: int8({ since: 1, default: 16, ignorable: true }),
      }),
    },
  },
)
