import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Writable } from 'node:stream'
import type { Heartbeat, RouteName, SealedSegment } from '@weir/contracts'
import { routes } from '@weir/contracts'
import { Lifecycle, createLogger, createMetrics } from '@weir/kernel'
import { canonicalSegmentHeader } from '@weir/recording'
import { temporaryFolder } from '@weir/testing'
import type { LightMyRequestResponse } from 'fastify'
import type { z } from 'zod'
import { controlPlaneSchema } from '../src/config.ts'
import { startControlPlane } from '../src/control-plane.ts'
import type { ControlPlane } from '../src/control-plane.ts'
import { audience, startIssuer } from './issuer.ts'
import type { Claims, TestIssuer } from './issuer.ts'
import { anyStorePlace } from './stores.ts'
import type { StorePlace } from './stores.ts'

export const policyYaml = `version: 1
rules:
  - id: payments
    subjects: [{ group: payments }]
    actions: [publish, consume]
    resources: ["kafka:topic:payments.*"]
    effect: allow
`

export type CallInput = {
  readonly token?: string | undefined
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A whole control plane with an issuer and a database of its own. */
export type TestControlPlane = ControlPlane & {
  readonly issuer: TestIssuer
  readonly place: StorePlace
  readonly dataDir: string
  /** Everything that was logged. */
  readonly log: () => string
  /** In the text form of Prometheus. */
  readonly metrics: () => Promise<string>
  token(subject: string, groups?: readonly string[], claims?: Claims): string
  call(route: RouteName, input?: CallInput): Promise<LightMyRequestResponse>
  stop(): Promise<void>
}

export type Overrides = Partial<z.input<typeof controlPlaneSchema>>

export async function startTestControlPlane(
  overrides: Overrides = {},
  shared?: { issuer: TestIssuer; place: StorePlace; dataDir?: string },
): Promise<TestControlPlane> {
  const issuer = shared?.issuer ?? (await startIssuer())
  const place = shared?.place ?? (await anyStorePlace())
  const folder = temporaryFolder()
  const dataDir = shared?.dataDir ?? folder.path
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const logger = createLogger({ app: 'control-plane', level: 'debug', destination })
  const lifecycle = new Lifecycle({ logger, drainMs: 10_000 })
  const { location } = place
  const config = controlPlaneSchema.parse({
    listen: '127.0.0.1:0',
    admin: { bind: '127.0.0.1:0' },
    dataDir: 'url' in location ? dataDir : location.folder.replace(/\/pglite$/, ''),
    ...('url' in location ? { database: { url: location.url } } : {}),
    identity: { issuers: [{ issuer: issuer.url, audiences: [audience] }] },
    rights: { evidence: ['auditors'], policy: ['authors'], keys: ['key-keepers'], gateways: ['operators'] },
    gateways: [{ ids: ['kafka-1', 'kafka-2'], issuer: issuer.url, subject: 'kafka-gateway' }],
    ...overrides,
  })
  const metrics = createMetrics()
  const started = await startControlPlane(config, { logger, metrics, lifecycle })
  const token = (subject: string, groups: readonly string[] = [], claims: Claims = {}) =>
    issuer.token(subject, { groups, ...claims })
  return {
    ...started,
    issuer,
    place,
    dataDir: config.dataDir,
    log: () => lines.join(''),
    metrics: async () => (await metrics.expose()).body,
    token,
    call: (name, input = {}) => started.http.inject(requestOf(name, input)),
    async stop() {
      await lifecycle.stop()
      if (shared !== undefined) return
      issuer.stop()
      await place.remove()
      folder.remove()
    },
  }
}

function requestOf(name: RouteName, { token, params = {}, query, body, headers }: CallInput) {
  const { method, path } = routes[name]
  return {
    method,
    url: path.replaceAll(/:(\w+)/g, (_, param: string) => encodeURIComponent(params[param] ?? 'none')),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { payload: body as object }),
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
  }
}

export function heartbeatOf(gatewayId: string, key: KeyObject, more: Partial<Heartbeat> = {}): Heartbeat {
  return {
    gatewayId,
    protocol: 'kafka',
    version: '0.1.0',
    epoch: 'epo_1',
    bundleRevision: 1,
    policyRevision: '0',
    sessions: 0,
    spoolBytes: 0,
    oldestUnshippedMs: 0,
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64url'),
    ...more,
  }
}

/** What a gateway sends for a segment. */
export function segmentInput({ header, signature, body }: SealedSegment): CallInput {
  return {
    params: { gatewayId: header.gatewayId, epoch: header.epoch },
    body: Buffer.from(body),
    headers: {
      'content-type': 'application/octet-stream',
      'weir-segment-header': Buffer.from(canonicalSegmentHeader(header)).toString('base64url'),
      'weir-segment-signature': signature,
    },
  }
}
