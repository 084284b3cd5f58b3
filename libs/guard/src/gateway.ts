import { createPublicKey } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyVerifier, Protocol } from '@weir/contracts'
import {
  clientCredentialsToken,
  createApiClient,
  startBundleSync,
  startHeartbeat,
  startShipper,
} from '@weir/control-plane-client'
import type { ApiClient, BundleSync } from '@weir/control-plane-client'
import { createAuthenticator, issuersOf } from '@weir/identity'
import type { Authenticator } from '@weir/identity'
import { startAdminServer, systemClock } from '@weir/kernel'
import type { Lifecycle, Logger, Metrics } from '@weir/kernel'
import { installationKey, openSpool } from '@weir/recording'
import { clientTlsOf } from './client-tls-settings.ts'
import { Guard } from './guard.ts'
import { PolicyInForce } from './policy-in-force.ts'
import { readinessOf } from './readiness.ts'
import type { Probe } from './readiness.ts'
import type { GatewaySettings } from './settings.ts'

/** What a front end gets to stand in. */
export type GatewayFrame = {
  readonly guard: Guard
  /** Adds a part to `/readyz`: `undefined` means ready, a text says why not. */
  addReadiness(part: string, probe: () => string | undefined): void
  /** Resolves when the first policy bundle is in force: nothing is listened on before. */
  readonly hasPolicy: Promise<void>
}

type GatewayOptions = {
  readonly settings: GatewaySettings
  readonly protocol: Protocol
  readonly version: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly lifecycle: Lifecycle
}

/**
 * The frame that every gateway stands in: identity, policy bundle, evidence spool and shipper, heartbeat, admin port.
 * Everything started is handed to the lifecycle, so that what the front end adds later is stopped first.
 * Throws WEIR_SPOOL_IN_USE, WEIR_EVIDENCE_UNRECORDABLE, WEIR_CONFIG_INVALID and WEIR_PORT_IN_USE; stop the lifecycle then.
 */
export async function startGateway(options: GatewayOptions): Promise<GatewayFrame> {
  const { settings, logger, metrics, lifecycle } = options
  const { spool, signingKey } = await openRecord(options)
  const policies = new PolicyInForce()
  const keys = new Map<string, KeyVerifier>()
  const authenticator = authenticatorFor(settings, keys)
  const guard = new Guard({ authenticator, policy: policies, recorder: spool, clock: systemClock, metrics })

  const api = apiClientFor(settings)
  const bundles = await followBundles(options, { api, policies, keys, guard })
  lifecycle.add(startShipper({ api, spool, gatewayId: settings.gatewayId, logger, metrics }))
  const publicKey = createPublicKey(signingKey).export({ type: 'spki', format: 'der' }).toString('base64url')
  lifecycle.add(
    startHeartbeat({
      api,
      logger,
      describe: () => ({
        gatewayId: settings.gatewayId,
        protocol: options.protocol,
        version: options.version,
        epoch: spool.epoch,
        bundleRevision: bundles.current()?.revision ?? 0,
        policyRevision: guard.policyRevision,
        sessions: guard.sessionCount,
        spoolBytes: spool.bytes(),
        oldestUnshippedMs: Math.round(spool.oldestUnshippedMs()),
        publicKey,
      }),
    }),
  )

  const probes = new Map<string, Probe>([
    ['policy', () => (policies.current() === undefined ? 'no policy bundle yet' : undefined)],
  ])
  const admin = await startAdminServer({ ...settings.admin.bind, metrics, readiness: () => readinessOf(probes) })
  lifecycle.add(admin)
  logger.info({ address: `${admin.host}:${admin.port}` }, 'admin port open')
  return { guard, addReadiness: (part, probe) => void probes.set(part, probe), hasPolicy: policies.first }
}

/** The evidence spool, and the key of this installation that signs it. */
async function openRecord({ settings, logger, lifecycle }: GatewayOptions) {
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 })
  const signingKey = await installationKey(settings.dataDir)
  const spool = await openSpool({
    dir: join(settings.dataDir, 'spool'),
    gatewayId: settings.gatewayId,
    signingKey,
    clock: systemClock,
    onFault: (error) => logger.error({ err: error, code: error.code }, 'evidence fault'),
  })
  lifecycle.add({ name: 'evidence spool', stop: () => spool.close() })
  return { spool, signingKey }
}

function authenticatorFor(settings: GatewaySettings, keys: ReadonlyMap<string, KeyVerifier>): Authenticator {
  return createAuthenticator({
    issuers: issuersOf(settings.identity.issuers),
    keys: (id) => keys.get(id),
    clock: systemClock,
  })
}

function apiClientFor({ controlPlane }: GatewaySettings): ApiClient {
  const { url, credentials, tls } = controlPlane
  return createApiClient({
    baseUrl: url,
    token: credentials && clientCredentialsToken({ ...credentials, clientSecret: credentials.clientSecret.reveal() }),
    tls: tls && clientTlsOf(tls),
  })
}

/** Puts each bundle in force: its policy, then its keys, then the sessions hear of it. */
async function followBundles(
  { settings, logger, lifecycle }: GatewayOptions,
  parts: { api: ApiClient; policies: PolicyInForce; keys: Map<string, KeyVerifier>; guard: Guard },
): Promise<BundleSync> {
  const { api, policies, keys, guard } = parts
  const bundles = await startBundleSync({
    api,
    cacheDir: join(settings.dataDir, 'bundles'),
    publicKey: createPublicKey(settings.controlPlane.bundleKey),
    clock: systemClock,
    logger,
    onBundle: (bundle) => {
      const problem = policies.replace(bundle)
      if (problem !== undefined) return problem
      keys.clear()
      for (const key of bundle.keys) keys.set(key.id, key)
      logger.info({ code: bundle.policy.revision, count: bundle.revision }, 'policy in force')
      guard.policyChanged()
      return undefined
    },
  })
  lifecycle.add({ name: 'bundle sync', stop: () => bundles.stop() })
  return bundles
}
