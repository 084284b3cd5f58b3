import { api, array, bool, int16, int32, int64, string } from '../schema.ts'

/** ApiVersions (client software KIP-511; features KIP-584; cluster check KIP-1242). Its response header is never flexible. */
export const apiVersions = api(
  18,
  'ApiVersions',
  { versions: [0, 5], flexible: 3 },
  {
    request: {
      clientSoftwareName: string({ since: 3, ignorable: true }),
      clientSoftwareVersion: string({ since: 3, ignorable: true }),
      clusterId: string({ since: 5, nullable: 5, default: null, ignorable: true }),
      nodeId: int32({ since: 5, default: -1, ignorable: true }),
    },
    response: {
      errorCode: int16(),
      apiKeys: array({ apiKey: int16(), minVersion: int16(), maxVersion: int16() }),
      throttleTimeMs: int32({ since: 1, ignorable: true }),
      supportedFeatures: array(
        { name: string(), minVersion: int16(), maxVersion: int16() },
        { since: 3, tag: 0, ignorable: true },
      ),
      finalizedFeaturesEpoch: int64({ since: 3, tag: 1, default: -1n, ignorable: true }),
      finalizedFeatures: array(
        { name: string(), maxVersionLevel: int16(), minVersionLevel: int16() },
        { since: 3, tag: 2, ignorable: true },
      ),
      zkMigrationReady: bool({ since: 3, tag: 3, default: false, ignorable: true }),
    },
  },
)
