import type { SessionView } from '@weir/contracts'
import type { SQL } from 'drizzle-orm'
import { and, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { Queries } from './database.ts'
import { principal, session } from './schema.ts'
import type { SessionStore } from './store.ts'

export function createSessionStore(queries: Queries): SessionStore {
  const select = (where: SQL | undefined) =>
    queries
      .select({ session, issuer: principal.issuer, subject: principal.subject })
      .from(session)
      .innerJoin(principal, eq(principal.id, session.principalId))
      .where(where)
      .orderBy(desc(session.startedAtMs), desc(session.id))
  return {
    async find(id) {
      const [row] = await select(eq(session.id, id)).limit(1)
      return row && viewOf(row)
    },

    async list({ limit, cursor, subject, protocol, open }) {
      const before = decodeCursor(cursor, z.tuple([z.int(), z.string()]))
      const rows = await select(
        and(
          before && sql`(${session.startedAtMs}, ${session.id}) < (${before[0]}, ${before[1]} collate "C")`,
          subject === undefined ? undefined : eq(principal.subject, subject),
          protocol && eq(session.protocol, protocol),
          open === undefined ? undefined : open ? isNull(session.endedAtMs) : isNotNull(session.endedAtMs),
        ),
      ).limit(limit + 1)
      const last = rows.length > limit ? rows[limit - 1]! : undefined
      return {
        items: rows.slice(0, limit).map(viewOf),
        next: last && encodeCursor([last.session.startedAtMs!, last.session.id]),
      }
    },
  }
}

type Row = { session: typeof session.$inferSelect; issuer: string; subject: string }

/** Rows without a start have no principal, so the join leaves them out: the start's columns are all there. */
function viewOf({ session: row, issuer, subject }: Row): SessionView {
  return {
    id: row.id,
    gatewayId: row.gatewayId,
    protocol: row.protocol!,
    person: { issuer, subject, ...optional('displayName', row.displayName), groups: row.groups! },
    actors: row.actors!,
    ...optional('clientId', row.clientId),
    ...optional('clientSoftware', row.clientSoftware),
    mechanism: row.mechanism!,
    credentialId: row.credentialId!,
    peer: row.peer!,
    startedAt: new Date(row.startedAtMs!).toISOString(),
    ...(row.endedAtMs === null ? {} : { endedAt: new Date(row.endedAtMs).toISOString() }),
    ...optional('endReason', row.endReason),
    ...optional('totals', row.totals),
  }
}

/** The field when there is a value, no field otherwise. */
export function optional<N extends string, T>(name: N, value: T | null | undefined): { [K in N]?: T } {
  return (value === null || value === undefined ? {} : { [name]: value }) as { [K in N]?: T }
}
