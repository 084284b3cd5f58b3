import type { Access, Person } from '@weir/contracts'
import { sql } from 'drizzle-orm'
import { spanCap } from '../ingest/projection.ts'
import type { Queries } from './database.ts'
import { rowsOf } from './database.ts'
import type { StoredActor } from './schema.ts'
import type { AccessQuery } from './store.ts'
import { optional } from './sessions.ts'

/** Most accesses that one answer lists. */
const answerLimit = 10_000

type Row = {
  seq: string | number
  at_ms: string | number
  topic: string
  topic_id: string | null
  partition: number
  first_offset: string | number
  last_offset: string | number
  session_id: string
  client_id: string | null
  group_id: string | null
  requested_offset: string | number | null
  producer_id: string | number | null
  producer_epoch: number | null
  base_sequence: number | null
  rule_id: string
  policy_revision: string
  gateway_id: string
  epoch: string
  issuer: string | null
  subject: string | null
  display_name: string | null
  groups: string[] | null
  actors: StoredActor[] | null
  session_client_id: string | null
  peer: string | null
}

/** Who wrote or read one offset, oldest first, by the index of runs alone. */
export async function findAccesses(
  queries: Queries,
  query: AccessQuery,
): Promise<{ accesses: readonly Access[]; more: boolean }> {
  const { action, topic, topicId, partition, offset } = query
  const rows = await rowsOf<Row>(
    queries,
    sql`
    select
      run.seq, run.at_ms, run.topic, run.topic_id, run.partition, run.first_offset, run.last_offset, run.session_id,
      run.client_id, run.group_id, run.requested_offset, run.producer_id, run.producer_epoch, run.base_sequence,
      run.rule_id, run.policy_revision, segment.gateway_id, segment.epoch, principal.issuer, principal.subject,
      session.display_name, session.groups, session.actors, session.client_id as session_client_id, session.peer
    from access_run_kafka run
    join audit_segment segment on segment.id = run.segment_id
    left join session on session.id = run.session_id and session.gateway_id = segment.gateway_id
    left join principal on principal.id = session.principal_id
    where run.topic = ${topic} and run.partition = ${partition}::integer and run.action = ${action === 'publish' ? 0 : 1}
      and run.last_offset >= ${offset}::bigint and run.last_offset < ${offset}::bigint + ${sql.raw(String(spanCap))}
      and run.first_offset <= ${offset}::bigint
      ${topicId === undefined ? sql`` : sql`and run.topic_id = ${topicId}`}
    order by run.at_ms, run.segment_id, run.seq
    limit ${answerLimit + 1}`,
  )
  const accesses = rows.slice(0, answerLimit).map((row) => accessOf(row, action, offset))
  return { accesses: action === 'publish' ? onePerAppend(rows, accesses) : accesses, more: rows.length > answerLimit }
}

/**
 * A producer that retries after a lost answer is told the offsets of its first append (KIP-98): the broker wrote once, so
 * the record names the first. The three numbers of an idempotent producer tell such a retry from a second append.
 */
function onePerAppend(rows: readonly Row[], accesses: readonly Access[]): Access[] {
  const seen = new Set<string>()
  return accesses.filter((_access, position) => {
    const { topic_id, first_offset, producer_id, producer_epoch, base_sequence } = rows[position]!
    if (producer_id === null) return true
    const append = [topic_id, first_offset, producer_id, producer_epoch, base_sequence].join(' ')
    return seen.has(append) ? false : seen.add(append)
  })
}

function accessOf(row: Row, action: Access['action'], offset: number): Access {
  const [firstOffset, lastOffset] = [Number(row.first_offset), Number(row.last_offset)]
  const requestedOffset = row.requested_offset === null ? undefined : Number(row.requested_offset)
  return {
    action,
    topic: row.topic,
    ...optional('topicId', row.topic_id),
    partition: row.partition,
    firstOffset,
    lastOffset,
    records: lastOffset - firstOffset + 1,
    at: new Date(Number(row.at_ms)).toISOString(),
    person: personOf(row),
    actors: row.actors ?? [],
    sessionId: row.session_id,
    ...optional('clientId', row.client_id ?? row.session_client_id),
    ...optional('group', row.group_id),
    ...optional('requestedOffset', requestedOffset !== undefined && requestedOffset > offset ? requestedOffset : null),
    peer: row.peer ?? '',
    gatewayId: row.gateway_id,
    epoch: row.epoch,
    seq: Number(row.seq),
    ruleId: row.rule_id,
    policyRevision: row.policy_revision,
  }
}

/** An access whose session start is not on record is still an access: it must not vanish from the answer. */
function personOf({ issuer, subject, display_name, groups }: Row): Person {
  if (issuer === null || subject === null) return { issuer: '', subject: '(session start not on record)', groups: [] }
  return { issuer, subject, ...optional('displayName', display_name), groups: groups ?? [] }
}
