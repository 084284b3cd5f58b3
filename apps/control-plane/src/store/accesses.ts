import type { Access, Person } from '@weir/contracts'
import { sql } from 'drizzle-orm'
import type { Batch } from '../ingest/run-batches.ts'
import { unpackBatches } from '../ingest/run-batches.ts'
import { sequenceAt, spanCap } from '../ingest/runs.ts'
import type { Queries } from './database.ts'
import { rowsOf } from './database.ts'
import type { StoredActor } from './schema.ts'
import type { AccessQuery } from './store.ts'
import { optional } from './sessions.ts'

/** Most accesses that one answer lists. */
const answerLimit = 10_000

type Row = {
  segment_id: string | number
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
  batches: Uint8Array | null
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
      run.segment_id, run.seq, run.at_ms, run.topic, run.topic_id, run.partition, run.first_offset, run.last_offset, run.session_id,
      run.client_id, run.group_id, run.requested_offset, run.producer_id, run.producer_epoch, run.base_sequence,
      run.rule_id, run.policy_revision, run.batches, segment.gateway_id, segment.epoch, principal.issuer, principal.subject,
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
  const batches = rows
    .slice(0, answerLimit)
    .map((row) => ({ row, batch: batchAt(row, offset) }))
    .toSorted(
      (a, b) =>
        a.batch.atMs - b.batch.atMs || Number(a.row.segment_id) - Number(b.row.segment_id) || a.batch.seq - b.batch.seq,
    )
  const told = action === 'publish' ? onePerAppend(batches) : batches
  return {
    accesses: told.map(({ row, batch }) => accessOf(row, batch, action, offset)),
    more: rows.length > answerLimit,
  }
}

/** The access within a run that has the offset. */
type FoundBatch = Batch & { readonly lastOffset: number; readonly baseSequence: number | undefined }

function batchAt(row: Row, offset: number): FoundBatch {
  const first = { seq: Number(row.seq), atMs: Number(row.at_ms), firstOffset: Number(row.first_offset) }
  const batches = unpackBatches(first, row.batches)
  const position = batches.findLastIndex((batch) => batch.firstOffset <= offset)
  const batch = batches[position]!
  const next = batches[position + 1]
  const baseSequence = sequenceAt(row.base_sequence ?? undefined, batch.firstOffset - first.firstOffset)
  return { ...batch, lastOffset: next === undefined ? Number(row.last_offset) : next.firstOffset - 1, baseSequence }
}

type Found = { readonly row: Row; readonly batch: FoundBatch }

/**
 * A producer that retries after a lost answer is told the offsets of its first append (KIP-98): the broker wrote once, so
 * the record names the first. The three numbers of an idempotent producer tell such a retry from a second append.
 */
function onePerAppend(found: readonly Found[]): Found[] {
  const seen = new Set<string>()
  return found.filter(({ row: { topic_id, producer_id, producer_epoch }, batch: { firstOffset, baseSequence } }) => {
    if (producer_id === null) return true
    const append = [topic_id, firstOffset, producer_id, producer_epoch, baseSequence].join(' ')
    return seen.has(append) ? false : seen.add(append)
  })
}

function accessOf(row: Row, batch: FoundBatch, action: Access['action'], offset: number): Access {
  const { firstOffset, lastOffset } = batch
  // Told of the first access of a run only: those that were joined to it asked for nothing that lies above their start.
  const isFirst = batch.seq === Number(row.seq) && row.requested_offset !== null
  const requestedOffset = isFirst ? Number(row.requested_offset) : undefined
  return {
    action,
    topic: row.topic,
    ...optional('topicId', row.topic_id),
    partition: row.partition,
    firstOffset,
    lastOffset,
    records: lastOffset - firstOffset + 1,
    at: new Date(batch.atMs).toISOString(),
    person: personOf(row),
    actors: row.actors ?? [],
    sessionId: row.session_id,
    ...optional('clientId', row.client_id ?? row.session_client_id),
    ...optional('group', row.group_id),
    ...optional('requestedOffset', requestedOffset !== undefined && requestedOffset > offset ? requestedOffset : null),
    peer: row.peer ?? '',
    gatewayId: row.gateway_id,
    epoch: row.epoch,
    seq: batch.seq,
    ruleId: row.rule_id,
    policyRevision: row.policy_revision,
  }
}

/** An access whose session start is not on record is still an access: it must not vanish from the answer. */
function personOf({ issuer, subject, display_name, groups }: Row): Person {
  if (issuer === null || subject === null) return { issuer: '', subject: '(session start not on record)', groups: [] }
  return { issuer, subject, ...optional('displayName', display_name), groups: groups ?? [] }
}
