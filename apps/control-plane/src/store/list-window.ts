import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'

/** Where an event stands in the list: its time, its segment, its number there. */
export type ListKey = readonly [atMs: number, segmentId: number, seq: number]

/** `event` is undefined where it has to be read from the segment. */
export type ListedRow = {
  readonly key: ListKey
  readonly type: string
  readonly sessionId: string | null
  readonly event: Record<string, unknown> | undefined
}

/** Oldest first. */
export function compareKeys(a: ListKey, b: ListKey): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/** A session id counts only with the gateway that said it: another may not put words into a stranger's session. */
export function ofSubject(subject: string | undefined, table: SQL): SQL[] {
  if (subject === undefined) return []
  return [
    sql`exists (
      select 1 from audit_segment segment
      join session on session.id = ${table}.session_id and session.gateway_id = segment.gateway_id
      join principal on principal.id = session.principal_id
      where segment.id = ${table}.segment_id and principal.subject = ${subject})`,
  ]
}
