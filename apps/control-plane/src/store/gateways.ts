import { and, eq } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { auditFork, gateway } from './schema.ts'
import type { GatewayStore } from './store.ts'

export function createGatewayStore(queries: Queries): GatewayStore {
  return {
    async beat({ heartbeat, atMs, ...enrolment }) {
      const { gatewayId: id, ...state } = heartbeat
      const { keyId, identity, subject, publicKey } = enrolment
      // One statement each, so that two first heartbeats at once cannot both enrol.
      const enrolled = await queries
        .insert(gateway)
        .values({ id, ...state, keyId, identity, subject, publicKey, firstSeenAtMs: atMs, lastSeenAtMs: atMs })
        .onConflictDoNothing()
        .returning({ id: gateway.id })
      if (enrolled.length > 0) return 'enrolled'
      const known = await queries
        .update(gateway)
        .set({ ...state, subject, lastSeenAtMs: atMs })
        .where(and(eq(gateway.id, id), eq(gateway.identity, identity), eq(gateway.keyId, keyId)))
        .returning({ id: gateway.id })
      return known.length > 0 ? 'known' : 'conflict'
    },

    async publicKey(gatewayId) {
      const [row] = await queries.select({ key: gateway.publicKey }).from(gateway).where(eq(gateway.id, gatewayId))
      return row?.key
    },

    async list() {
      const rows = await queries.select().from(gateway).orderBy(gateway.id)
      const forks = await queries
        .select({ gatewayId: auditFork.gatewayId, epoch: auditFork.epoch })
        .from(auditFork)
        .orderBy(auditFork.receivedAtMs)
      return rows.map(({ id, identity: _identity, publicKey: _publicKey, ...row }) => ({
        gatewayId: id,
        ...row,
        forkedEpochs: forks.filter((fork) => fork.gatewayId === id).map((fork) => fork.epoch),
      }))
    },
  }
}
