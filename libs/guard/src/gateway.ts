import { createPublicKey } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bundle, KeyVerifier, Protocol } from '@weir/contracts'
import {
  clientCredentialsToken,
  createApiClient,
  startBundleSync,
  startHeartbeat,
  startShipper,
} from '@weir/control-plane-client'
import { createAuthenticator } from '@weir/identity'
import { startAdminServer, systemClock } from '@weir/kernel'
import type { Lifecycle, Logger, Metrics, Readiness } from '@weir/kernel'
import { compilePolicy, parsePolicy } from '@weir/policy'
import type { CompiledPolicy } from '@weir/policy'
import { installationKey, openSpool } from '@weir/recording'
import { Guard } from './guard.ts'
import type { GatewaySettings } from './settings.ts'

export type GatewayFrame = {
  readonly guard: Guard
  /** Adds a part to `/readyz`: `undefined` means ready, a text says why not. */
  addReadiness(part: string, probe: () => string | undefined): void
  /** Resolves when the first policy bundle is in force: nothing is listened on before. */
  readonly hasPolicy: Promise<void>
}

/**
 * The frame that every gateway stands in: identity, policy bundle, evidence spool and shipper, heartbeat, admin port.
 * Everything started is handed to the lifecycle, so that what the front end adds later is stopped first.
 */
export async function startGateway(options: {
  settings: GatewaySettings
  protocol: Protocol
  version: string
  logger: Logger
  metrics: Metrics
  lifecycle: Lifecycle
}): Promise<GatewayFrame> {
  const { settings, logger, metrics, lifecycle } = options
  const clock = systemClock
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 })
  const signingKey = await installationKey(settings.dataDir)
  const spool = await openSpool({
    dir: join(settings.dataDir, 'spool'),
    gatewayId: settings.gatewayId,
    signingKey,
    clock,
    onFault: (error) => logger.error({ err: error, code: error.code }, 'evidence fault'),
  })
  lifecycle.add({ name: 'evidence spool', stop: () => spool.close() })

  const policies = new PolicyInForce()
  const keys = new Map<string, KeyVerifier>()
  const authenticator = createAuthenticator({
    issuers: settings.identity.issuers.map(({ clockTolerance, ...issuer }) => ({
      ...issuer,
      clockToleranceMs: clockTolerance,
    })),
    keys: (id) => keys.get(id),
    clock,
  })
  const guard = new Guard({ authenticator, policy: policies, recorder: spool, clock, metrics })

  const { issuer, clientId, clientSecret, audience } = settings.controlPlane.credentials
  const api = createApiClient({
    baseUrl: settings.controlPlane.url,
    token: clientCredentialsToken({ issuer, clientId, clientSecret: clientSecret.reveal(), audience }),
  })
  const bundles = await startBundleSync({
    api,
    cacheDir: join(settings.dataDir, 'bundles'),
    publicKey: createPublicKey(settings.controlPlane.bundleKey),
    clock,
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
  lifecycle.add(startShipper({ api, spool, gatewayId: settings.gatewayId, logger, metrics }))
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
        policyRevision: policies.current()?.revision ?? '',
        sessions: guard.sessionCount,
        spoolBytes: spool.bytes(),
        oldestUnshippedMs: Math.round(spool.oldestUnshippedMs()),
        publicKey: createPublicKey(signingKey).export({ type: 'spki', format: 'der' }).toString('base64url'),
      }),
    }),
  )

  const probes = new Map<string, () => string | undefined>([
    ['policy', () => (policies.current() === undefined ? 'no policy bundle yet' : undefined)],
  ])
  const admin = await startAdminServer({ ...settings.admin.bind, metrics, readiness: () => readinessOf(probes) })
  lifecycle.add(admin)
  logger.info({ address: `${admin.host}:${admin.port}` }, 'admin port open')
  return { guard, addReadiness: (part, probe) => void probes.set(part, probe), hasPolicy: policies.first }
}

/** Keeps the compiled policy; a bundle whose policy does not compile changes nothing. */
class PolicyInForce {
  #current: CompiledPolicy | undefined
  #announce: () => void = () => {}
  readonly first = new Promise<void>((resolve) => {
    this.#announce = resolve
  })

  current(): CompiledPolicy | undefined {
    return this.#current
  }

  /** Returns why not, when the bundle's policy cannot be used. */
  replace(bundle: Bundle): string | undefined {
    if (bundle.policy.revision === this.#current?.revision) return undefined
    const { policy, revision, problems } = parsePolicy(bundle.policy.yaml)
    if (policy === undefined) return problems.map((p) => `${p.line}:${p.column}: ${p.message}`).join('; ')
    if (revision !== bundle.policy.revision) return `its text has revision ${revision}, not ${bundle.policy.revision}`
    this.#current = compilePolicy(policy, revision)
    this.#announce()
    return undefined
  }
}

function readinessOf(probes: ReadonlyMap<string, () => string | undefined>): Readiness {
  const parts: Record<string, string> = {}
  let ready = true
  for (const [part, probe] of probes) {
    const problem = probe()
    parts[part] = problem ?? 'ready'
    ready &&= problem === undefined
  }
  return { ready, parts }
}
