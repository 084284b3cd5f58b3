import type { RouteName } from '@weir/contracts'
import type { Clock } from '@weir/kernel'
import type { FastifyRequest } from 'fastify'
import { peerText } from '../store/session-rows.ts'
import type { EvidenceStore } from '../store/store.ts'

/** Puts on record who looks at evidence, and what was asked. */
export async function recordLook(
  parts: { readonly evidence: Pick<EvidenceStore, 'recordLook'>; readonly clock: Clock },
  request: FastifyRequest,
  route: RouteName,
): Promise<void> {
  const { caller } = request
  if (caller?.kind !== 'person') throw new Error('only people look at evidence')
  await parts.evidence.recordLook({
    atMs: parts.clock.now(),
    principal: caller.principal,
    peer: peerText(request.ip, request.socket.remotePort ?? 0),
    route,
    query: { ...(request.params as object), ...(request.query as object) },
  })
}
