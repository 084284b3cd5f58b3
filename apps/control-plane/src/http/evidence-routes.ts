import { WeirError } from '@weir/kernel'
import type { Clock } from '@weir/kernel'
import type { Store } from '../store/store.ts'
import { isSilent } from './gateway-routes.ts'
import type { Handlers } from './handlers.ts'

/** Looks at evidence. That each of them is itself put on record is the server's doing, by the right that they need. */
export function evidenceRoutes(parts: {
  store: Store
  clock: Clock
}): Pick<Handlers, 'sessions' | 'session' | 'evidence' | 'access'> {
  const { store, clock } = parts

  /** Gateways that have told of events they still hold; and silent ones that had sessions, which may have more. */
  const pending = async () => {
    const now = clock.now()
    const waiting: { gatewayId: string; oldestUnshippedMs: number }[] = []
    for (const gateway of await store.gateways.list()) {
      const isLost = isSilent(gateway, now) && gateway.sessions > 0
      if (gateway.oldestUnshippedMs === 0 && !isLost) continue
      const silentMs = isLost ? now - gateway.lastSeenAtMs : 0
      waiting.push({ gatewayId: gateway.gatewayId, oldestUnshippedMs: gateway.oldestUnshippedMs + silentMs })
    }
    return waiting
  }

  return {
    async sessions({ query }) {
      const { items, next } = await store.sessions.list(query)
      return { sessions: [...items], next }
    },

    async session({ params }) {
      const session = await store.sessions.find(params.id)
      if (session === undefined) throw new WeirError('WEIR_NOT_FOUND', `There is no session ${params.id} on record.`)
      return session
    },

    async evidence({ query: { since, until, ...query } }) {
      const { items, next } = await store.evidence.list({ ...query, sinceMs: msOf(since), untilMs: msOf(until) })
      return { events: [...items], next }
    },

    async access({ query: { protocol, ...query } }) {
      if (protocol !== 'kafka') {
        throw new WeirError('WEIR_UNSUPPORTED', `Positions of ${protocol} are not on record here; ask for kafka.`)
      }
      // What waits is read first: an event that arrives between the two is then in the answer and also named as waiting.
      const waiting = await pending()
      const { accesses, more } = await store.evidence.access(query)
      return { accesses: [...accesses], more, pending: waiting }
    },
  }
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time)
}
