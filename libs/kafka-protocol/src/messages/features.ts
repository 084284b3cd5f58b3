import { api, array, bool, int16, int32, int8, string } from '../schema.ts'

/** UpdateFeatures (KIP-584; upgrade types KIP-778). Since v2 one outcome stands for the whole request. */
export const updateFeatures = api(
  57,
  'UpdateFeatures',
  { versions: [0, 2], flexible: 0 },
  {
    request: {
      timeoutMs: int32({ default: 60_000 }),
      featureUpdates: array({
        feature: string(),
        maxVersionLevel: int16(),
        allowDowngrade: bool({ until: 0 }),
        upgradeType: int8({ since: 1, default: 1 }),
      }),
      validateOnly: bool({ since: 1 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      results: array(
        { feature: string(), errorCode: int16(), errorMessage: string({ nullable: 0 }) },
        { until: 1, ignorable: true },
      ),
    },
  },
)
