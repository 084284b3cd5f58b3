import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAuthenticator, issuersOf } from '@weir/identity'
import { listenFault, startAdminServer, systemClock } from '@weir/kernel'
import type { Lifecycle, Logger, Metrics } from '@weir/kernel'
import type { FastifyInstance } from 'fastify'
import type { ControlPlaneConfig } from './config.ts'
import { createCallerAuthentication } from './http/caller.ts'
import { evidenceRoutes } from './http/evidence-routes.ts'
import { gatewayRoutes } from './http/gateway-routes.ts'
import { keyRoutes } from './http/key-routes.ts'
import { policyRoutes } from './http/policy-routes.ts'
import { createHttpServer, stopHttpServer } from './http/server.ts'
import { createIngest } from './ingest/ingest.ts'
import { BundlePublisher } from './policy/bundle-publisher.ts'
import { PolicyDesk } from './policy/policy-desk.ts'
import { loadSigningKey } from './policy/signing-key.ts'
import { openStore } from './store/open-store.ts'
import { PartitionKeeper } from './store/partition-keeper.ts'
import type { Store } from './store/store.ts'

type Context = { readonly logger: Logger; readonly metrics: Metrics; readonly lifecycle: Lifecycle }

export type ControlPlane = {
  readonly http: FastifyInstance
  readonly store: Store
  /** Of the HTTP API; differs from the configured one when that said port 0. */
  readonly address: { readonly host: string; readonly port: number }
}

/** Starts everything; what was started is in the lifecycle. Resolves when the API is served. */
export async function startControlPlane(config: ControlPlaneConfig, context: Context): Promise<ControlPlane> {
  const { logger, metrics, lifecycle } = context
  const clock = systemClock
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const signingKey = loadSigningKey(
    config.policy.signingKey ?? join(config.dataDir, 'bundle-key.pem'),
    join(config.dataDir, 'bundle-key.pub'),
  )
  const store = await openConfiguredStore(config, logger)
  lifecycle.add({ name: 'store', stop: () => store.close() })
  const partitions = new PartitionKeeper({ store, clock, logger })
  await partitions.start()
  lifecycle.add(partitions)

  const bundles = new BundlePublisher({ store, signingKey, clock, logger, metrics })
  lifecycle.add(bundles)
  const desk = new PolicyDesk({ store, clock, logger, changed: () => bundles.catchUp() })
  lifecycle.add(desk)
  await desk.start(config.policy)
  await bundles.start()

  const admin = await startAdminServer({
    ...config.admin.bind,
    metrics,
    readiness: () => ({
      ready: bundles.problem === undefined,
      parts: { database: bundles.problem ?? 'ready' },
    }),
  })
  lifecycle.add(admin)

  const parts = { store, bundles, desk, clock, logger, metrics }
  const http = createHttpServer({
    ...parts,
    evidence: store.evidence,
    limits: config.limits,
    tls: config.tls && { cert: config.tls.certificate, key: config.tls.key.reveal(), ca: config.tls.clientCa },
    authenticate: createCallerAuthentication({ ...config, authenticator: authenticatorOf(config) }),
    handlers: {
      ...gatewayRoutes({ ...parts, ingest: createIngest(parts) }),
      ...evidenceRoutes(parts),
      ...policyRoutes(parts),
      ...keyRoutes(parts),
    },
  })
  const address = await listen(http, config)
  lifecycle.add({ name: 'http server', stop: () => stopHttpServer(http, config.drain) })
  logger.info({ address: `${address.host}:${address.port}` }, 'api served')
  logger.info({ address: `${admin.host}:${admin.port}` }, 'admin port open')
  return { http, store, address }
}

/** The database that the configuration names, brought up to date. */
export async function openConfiguredStore({ database, dataDir }: ControlPlaneConfig, logger: Logger): Promise<Store> {
  if (database !== undefined) {
    return openStore({ url: database.url.reveal(), connections: database.connections }, logger)
  }
  const folder = join(dataDir, 'pglite')
  const reason =
    'It does not survive power loss and serves one process; configure `database.url` for anything that counts.'
  logger.warn({ path: folder, reason }, 'embedded database in use')
  return openStore({ folder }, logger)
}

/** Weir keys prove nobody here, so the authenticator is told of none. */
function authenticatorOf({ identity }: ControlPlaneConfig) {
  return createAuthenticator({ issuers: issuersOf(identity.issuers), keys: () => undefined, clock: systemClock })
}

async function listen(http: FastifyInstance, { listen: at }: ControlPlaneConfig): Promise<ControlPlane['address']> {
  try {
    await http.listen({ ...at })
  } catch (error) {
    throw listenFault(error as Error, at, 'API', 'listen')
  }
  return { host: at.host, port: (http.server.address() as AddressInfo).port }
}
