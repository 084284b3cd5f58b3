import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { WeirError } from '@weir/kernel'
import type { Clock, Logger } from '@weir/kernel'
import type { FastifyRequest } from 'fastify'
import type { Ingest } from '../ingest/ingest.ts'
import type { BundlePublisher } from '../policy/bundle-publisher.ts'
import { keyIdOf } from '../policy/signing-key.ts'
import type { Store, StoredGateway } from '../store/store.ts'
import type { GatewayCaller } from './caller.ts'
import type { Handlers } from './handlers.ts'
import { notModified } from './handlers.ts'

/** A gateway that was not heard of for this long is `silent`: six heartbeats missed. */
export const silentAfterMs = 30_000

/** What gateways call, and the registry that people see of them. */
export function gatewayRoutes(parts: {
  store: Store
  bundles: BundlePublisher
  ingest: Ingest
  clock: Clock
  logger: Logger
}): Pick<Handlers, 'currentBundle' | 'heartbeat' | 'appendSegment' | 'gateways'> {
  const { store, bundles, ingest, clock, logger } = parts
  return {
    async currentBundle({ query, request, reply, signal }) {
      const bundle =
        query.after === undefined ? bundles.current : await bundles.after(query.after, query.waitMs, signal)
      const etag = `"${bundle?.revision ?? bundles.current.revision}"`
      reply.header('etag', etag)
      return bundle === undefined || request.headers['if-none-match'] === etag ? notModified : bundle.signed
    },

    async heartbeat({ caller, body }) {
      const { publicKey, ...heartbeat } = body
      requireSpokenFor(caller, heartbeat.gatewayId)
      const key = readPublicKey(publicKey)
      const outcome = await store.gateways.beat({
        heartbeat,
        keyId: keyIdOf(key),
        publicKey: key.export({ type: 'spki', format: 'der' }),
        identity: caller.identity,
        subject: caller.subject,
        atMs: clock.now(),
      })
      if (outcome === 'conflict') {
        logger.error({ resource: heartbeat.gatewayId, principal: caller.subject }, 'gateway key conflict')
        throw new WeirError(
          'WEIR_GATEWAY_KEY_CONFLICT',
          `Gateway ${heartbeat.gatewayId} is enrolled with another key or identity. Two installations may not share an id; ` +
            'one that lost its data folder needs a new one.',
        )
      }
      if (outcome === 'enrolled') {
        logger.info({ resource: heartbeat.gatewayId, principal: caller.subject }, 'gateway enrolled')
      }
      return { now: clock.now(), bundleRevision: bundles.current.revision }
    },

    appendSegment({ caller, params, body, request }) {
      requireSpokenFor(caller, params.gatewayId)
      const header = headerOf(request, 'weir-segment-header')
      const signature = headerOf(request, 'weir-segment-signature')
      return ingest.append({ ...params, header, signature, body })
    },

    async gateways() {
      const now = clock.now()
      const gateways = await store.gateways.list()
      return {
        gateways: gateways.map(({ firstSeenAtMs, lastSeenAtMs, forkedEpochs, ...gateway }) => ({
          ...gateway,
          forkedEpochs: [...forkedEpochs],
          firstSeenAt: new Date(firstSeenAtMs).toISOString(),
          lastSeenAt: new Date(lastSeenAtMs).toISOString(),
          state: stateOf({ lastSeenAtMs, forkedEpochs }, now),
        })),
      }
    },
  }
}

/** A fork is told for good: the id has been used by two installations, and needs to be given up. */
function stateOf(gateway: Pick<StoredGateway, 'lastSeenAtMs' | 'forkedEpochs'>, nowMs: number) {
  if (gateway.forkedEpochs.length > 0) return 'forked' as const
  return isSilent(gateway, nowMs) ? ('silent' as const) : ('up' as const)
}

export function isSilent({ lastSeenAtMs }: Pick<StoredGateway, 'lastSeenAtMs'>, nowMs: number): boolean {
  return nowMs - lastSeenAtMs > silentAfterMs
}

function requireSpokenFor(caller: GatewayCaller, gatewayId: string): void {
  if (caller.ids.has(gatewayId)) return
  const message = `${caller.subject} may not speak for gateway ${gatewayId}; bind it in \`gateways\` of the control plane.`
  throw new WeirError('WEIR_FORBIDDEN', message)
}

function readPublicKey(text: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Told below, as for a key of another kind.
  }
  throw new WeirError('WEIR_INVALID_REQUEST', '`publicKey` is not an Ed25519 key in SPKI form, base64url.')
}

function headerOf(request: FastifyRequest, name: string): string {
  const value = request.headers[name]
  if (typeof value === 'string' && value !== '') return value
  throw new WeirError('WEIR_INVALID_REQUEST', `The header ${name} is missing.`)
}
