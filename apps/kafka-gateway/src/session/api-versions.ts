import { apiVersions, decodeRequest, encodeResponse, errorCode } from '@weir/kafka-protocol'
import type { RequestHeader } from '@weir/kafka-protocol'
import { enforcements } from '../enforcement/index.ts'
import { intersectRange } from '../upstream/versions.ts'
import type { BrokerVersions, VersionRange } from '../upstream/versions.ts'

/** Up to v4: v5 carries the cluster and node that the client believes to talk to (KIP-1242), which a gateway cannot pass on as they are. */
export const apiVersionsRange: VersionRange = [0, 4]
/** Answered by the session itself. */
const ownRanges: readonly (readonly [key: number, range: VersionRange])[] = [
  [17, [0, 1]],
  [18, apiVersionsRange],
  [36, [0, 2]],
]

/** Features of APIs that are not served: a client that sees them would use them. */
const hiddenFeatures: ReadonlySet<string> = new Set(['transaction.version', 'share.version', 'streams.version'])

const produceKey = 0

/** The client's name for itself, once it was read (ApiVersions v3 and later). */
export type ClientSoftware = { readonly name: string; readonly version: string }

export type ApiVersionsAnswer = { readonly bytes: Buffer; readonly software: ClientSoftware | undefined }

/**
 * The answer to ApiVersions: for each API what the brokers, our tables and our enforcements have in common.
 * A version above ours is answered in v0 with 35 and our own range (KIP-511), without looking at the body.
 */
export function answerApiVersions(header: RequestHeader, message: Buffer, upstream: BrokerVersions): ApiVersionsAnswer {
  if (header.apiVersion < 0 || header.apiVersion > apiVersionsRange[1]) {
    const apiKeys = [{ apiKey: apiVersions.key, minVersion: apiVersionsRange[0], maxVersion: apiVersionsRange[1] }]
    const body = { errorCode: errorCode.UNSUPPORTED_VERSION, apiKeys }
    return { bytes: encodeResponse(apiVersions, 0, header.correlationId, body), software: undefined }
  }
  const request = decodeRequest(apiVersions, header.apiVersion, message, header.bodyOffset)
  const named = header.apiVersion >= 3
  const software = named ? { name: request.clientSoftwareName, version: request.clientSoftwareVersion } : undefined
  if (software !== undefined && !(isSoftwareText(software.name) && isSoftwareText(software.version))) {
    const body = { errorCode: errorCode.INVALID_REQUEST, apiKeys: [] }
    return { bytes: encodeResponse(apiVersions, header.apiVersion, header.correlationId, body), software: undefined }
  }
  const body = {
    errorCode: errorCode.NONE,
    apiKeys: advertised(upstream),
    supportedFeatures: upstream.supportedFeatures.filter(
      (f) => isShown(f) && (header.apiVersion >= 4 || f.minVersion > 0),
    ),
    finalizedFeaturesEpoch: upstream.finalizedFeaturesEpoch,
    finalizedFeatures: upstream.finalizedFeatures.filter(isShown),
  }
  return { bytes: encodeResponse(apiVersions, header.apiVersion, header.correlationId, body), software }
}

function isShown(feature: { readonly name: string }): boolean {
  return !hiddenFeatures.has(feature.name)
}

/** As the broker checks it (KIP-511): letters, digits, dots and dashes, alphanumeric at both ends. */
function isSoftwareText(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)
}

/** Is this version of the request among those advertised? */
export function isServed(header: RequestHeader, upstream: BrokerVersions | undefined): boolean {
  const range = upstream === undefined ? undefined : servedRange(header.apiKey, upstream)
  return range !== undefined && header.apiVersion >= range[0] && header.apiVersion <= range[1]
}

/** The range in which a request is served, given what the brokers speak. */
function servedRange(key: number, upstream: BrokerVersions): VersionRange | undefined {
  const ours = enforcements.get(key)?.versions
  const theirs = upstream.ranges.get(key)
  return ours === undefined || theirs === undefined ? undefined : intersectRange(ours, theirs)
}

function advertised(upstream: BrokerVersions): { apiKey: number; minVersion: number; maxVersion: number }[] {
  const keys = ownRanges.map(([apiKey, [minVersion, maxVersion]]) => ({ apiKey, minVersion, maxVersion }))
  for (const key of enforcements.keys()) {
    const range = servedRange(key, upstream)
    if (range === undefined) continue
    // Brokers advertise Produce from 0 though they refuse 0 to 2: librdkafka reads the minimum as a sign of what compression works (KAFKA-18659).
    const minVersion = key === produceKey ? 0 : range[0]
    keys.push({ apiKey: key, minVersion, maxVersion: range[1] })
  }
  return keys.toSorted((a, b) => a.apiKey - b.apiKey)
}
