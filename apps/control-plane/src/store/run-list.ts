import { sql } from 'drizzle-orm'
import { unpackBatches } from '../ingest/run-batches.ts'
import { runTimeMs } from '../ingest/runs.ts'
import type { Queries } from './database.ts'
import { rowsOf } from './database.ts'
import type { ListedRow, ListKey } from './list-window.ts'
import { compareKeys, ofSubject } from './list-window.ts'
import type { EvidenceQuery } from './store.ts'

type Row = {
  segment_id: string | number
  seq: string | number
  at_ms: string | number
  first_offset: string | number
  type: string
  session_id: string
  batches: Uint8Array | null
}

/**
 * The newest accesses, one by one, that the query asks for: at least `limit` of them when there are so many, in no order.
 * A run stands where its first access does and lasts a second at most. So if there are `limit` runs below the cursor, an
 * access of the answer is of one of them, or of one that began up to a second before the last of them.
 */
export async function listAccesses(
  queries: Queries,
  query: EvidenceQuery,
  before: ListKey | undefined,
  limit: number,
): Promise<ListedRow[]> {
  const where = conditionsOf(query)
  if (where === undefined) return []
  const upper = [
    ...(query.untilMs === undefined ? [] : [sql`at_ms < ${query.untilMs}`]),
    ...(before === undefined
      ? []
      : [sql`(at_ms, segment_id, seq) < (${before[0]}::bigint, ${before[1]}::bigint, ${before[2]}::bigint)`]),
  ]
  const since = (ms: number) => (query.sinceMs === undefined ? [] : [sql`at_ms >= ${query.sinceMs - ms}::bigint`])
  const all = (...conditions: (typeof where)[]) => sql.join(conditions.flat(), sql` and `)
  const [last] = await rowsOf<{ at_ms: string | number }>(
    queries,
    sql`select at_ms from access_run_kafka where ${all(where, upper, since(0))}
        order by at_ms desc, segment_id desc, seq desc offset ${limit - 1} limit 1`,
  )
  const reach = last === undefined ? [] : [sql`at_ms >= ${Number(last.at_ms) - runTimeMs}::bigint`]
  const rows = await rowsOf<Row>(
    queries,
    sql`select segment_id, seq, at_ms, first_offset, session_id, batches,
          case action when 0 then 'kafka.publish' else 'kafka.consume' end as type
        from access_run_kafka where ${all(where, upper, since(runTimeMs), reach)}`,
  )
  return rows.flatMap(eventsOf).filter((row) => isWithin(row, query, before))
}

function conditionsOf({ type, sessionId, subject, resource }: EvidenceQuery) {
  const action = type === 'kafka.publish' ? 0 : type === 'kafka.consume' ? 1 : undefined
  if (type !== undefined && action === undefined) return undefined
  const topic = resource === undefined ? undefined : /^kafka:topic:(.*)$/s.exec(resource)?.[1]
  if (resource !== undefined && topic === undefined) return undefined
  return [
    sql`piece = 0`,
    ...(action === undefined ? [] : [sql`action = ${action}`]),
    ...(sessionId === undefined ? [] : [sql`session_id = ${sessionId}`]),
    ...(topic === undefined ? [] : [sql`topic = ${topic}`]),
    ...ofSubject(subject, sql`access_run_kafka`),
  ]
}

function eventsOf({ segment_id, session_id: sessionId, type, batches, ...row }: Row): ListedRow[] {
  const first = { seq: Number(row.seq), atMs: Number(row.at_ms), firstOffset: Number(row.first_offset) }
  const segmentId = Number(segment_id)
  return unpackBatches(first, batches).map(({ seq, atMs }) => ({
    key: [atMs, segmentId, seq],
    type,
    sessionId,
    event: undefined,
  }))
}

function isWithin({ key }: ListedRow, { sinceMs, untilMs }: EvidenceQuery, before: ListKey | undefined): boolean {
  const [atMs] = key
  if (sinceMs !== undefined && atMs < sinceMs) return false
  if (untilMs !== undefined && atMs >= untilMs) return false
  return before === undefined || compareKeys(key, before) < 0
}
