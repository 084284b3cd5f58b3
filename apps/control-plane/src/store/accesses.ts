import type { Access, Person } from '@weir/contracts'
import type { SQL } from 'drizzle-orm'
import { and, eq, sql } from 'drizzle-orm'
import type { Batch } from '../ingest/run-batches.ts'
import { unpackBatches } from '../ingest/run-batches.ts'
import { sequenceAt, spanCap } from '../ingest/runs.ts'
import type { Queries } from './database.ts'
import { accessRunKafka, auditSegment, principal, session } from './schema.ts'
import { optional } from './sessions.ts'
import type { EvidenceStore } from './store.ts'

/** Most accesses that one answer lists. */
const answerLimit = 10_000

/**
 * Prepared by name: planning over all days takes longer than the search itself, and a server keeps the plan of a
 * statement that it knows. The span cap bounds
 * what is read of the btree.
 */
function prepareLookup(queries: Queries, name: string, ...more: SQL[]) {
  const run = accessRunKafka
  const offset = sql`${sql.placeholder('offset')}::bigint`
  return queries
    .select({
      run,
      gatewayId: auditSegment.gatewayId,
      epoch: auditSegment.epoch,
      issuer: principal.issuer,
      subject: principal.subject,
      displayName: session.displayName,
      groups: session.groups,
      actors: session.actors,
      clientId: session.clientId,
      peer: session.peer,
    })
    .from(run)
    .innerJoin(auditSegment, eq(auditSegment.id, run.segmentId))
    .leftJoin(session, and(eq(session.id, run.sessionId), eq(session.gatewayId, auditSegment.gatewayId)))
    .leftJoin(principal, eq(principal.id, session.principalId))
    .where(
      and(
        sql`${run.topic} = ${sql.placeholder('topic')}`,
        sql`${run.partition} = ${sql.placeholder('partition')}::integer`,
        sql`${run.action} = ${sql.placeholder('action')}::smallint`,
        sql`${run.lastOffset} >= ${offset} and ${run.lastOffset} < ${offset} + ${sql.raw(String(spanCap))}`,
        sql`${run.firstOffset} <= ${offset}`,
        ...more,
      ),
    )
    .orderBy(run.atMs, run.segmentId, run.seq)
    .limit(answerLimit + 1)
    .prepare(name)
}

type Lookup = ReturnType<typeof prepareLookup>
type Row = Awaited<ReturnType<Lookup['execute']>>[number]

/** Who wrote or read one offset, oldest first, by the index of runs alone. */
export function createLookup(queries: Queries): EvidenceStore['access'] {
  const byName = prepareLookup(queries, 'weir_access')
  const byId = prepareLookup(
    queries,
    'weir_access_by_id',
    sql`${accessRunKafka.topicId} = ${sql.placeholder('topicId')}`,
  )
  return async ({ action, topic, topicId, partition, offset }) => {
    const values = { topic, partition, action: action === 'publish' ? 0 : 1, offset }
    const rows = await (topicId === undefined ? byName.execute(values) : byId.execute({ ...values, topicId }))
    const batches = rows
      .slice(0, answerLimit)
      .map((row) => ({ row, batch: batchAt(row.run, offset) }))
      .toSorted(
        (a, b) => a.batch.atMs - b.batch.atMs || a.row.run.segmentId - b.row.run.segmentId || a.batch.seq - b.batch.seq,
      )
    const told = action === 'publish' ? onePerAppend(batches) : batches
    return {
      accesses: told.map(({ row, batch }) => accessOf(row, batch, action, offset)),
      more: rows.length > answerLimit,
    }
  }
}

/** The access within a run that has the offset. */
type FoundBatch = Batch & { readonly lastOffset: number; readonly baseSequence: number | undefined }

function batchAt(run: Row['run'], offset: number): FoundBatch {
  const batches = unpackBatches(run, run.batches)
  const position = batches.findLastIndex((batch) => batch.firstOffset <= offset)
  const batch = batches[position]!
  const next = batches[position + 1]
  const baseSequence = sequenceAt(run.baseSequence ?? undefined, batch.firstOffset - run.firstOffset)
  const { seq, atMs, firstOffset } = batch
  return {
    seq,
    atMs,
    firstOffset,
    lastOffset: next === undefined ? run.lastOffset : next.firstOffset - 1,
    baseSequence,
  }
}

type Found = { readonly row: Row; readonly batch: FoundBatch }

/**
 * A producer that retries after a lost answer is told the offsets of its first append (KIP-98): the broker wrote once, so
 * the record names the first. The three numbers of an idempotent producer tell such a retry from a second append.
 */
function onePerAppend(found: readonly Found[]): Found[] {
  const seen = new Set<string>()
  return found.filter(({ row: { run }, batch: { firstOffset, baseSequence } }) => {
    if (run.producerId === null) return true
    const append = [run.topicId, firstOffset, run.producerId, run.producerEpoch, baseSequence].join(' ')
    return seen.has(append) ? false : seen.add(append)
  })
}

function accessOf(row: Row, batch: FoundBatch, action: Access['action'], offset: number): Access {
  const { run } = row
  const { firstOffset, lastOffset } = batch
  // Told of the first access of a run only: those that were joined to it asked for nothing that lies above their start.
  const requestedOffset = batch.seq === run.seq ? (run.requestedOffset ?? undefined) : undefined
  return {
    action,
    topic: run.topic,
    ...optional('topicId', run.topicId),
    partition: run.partition,
    firstOffset,
    lastOffset,
    records: lastOffset - firstOffset + 1,
    at: new Date(batch.atMs).toISOString(),
    person: personOf(row),
    actors: row.actors ?? [],
    sessionId: run.sessionId,
    ...optional('clientId', run.clientId ?? row.clientId),
    ...optional('group', run.groupId),
    ...optional('requestedOffset', requestedOffset !== undefined && requestedOffset > offset ? requestedOffset : null),
    peer: row.peer ?? '',
    gatewayId: row.gatewayId,
    epoch: row.epoch,
    seq: batch.seq,
    ruleId: run.ruleId,
    policyRevision: run.policyRevision,
  }
}

/** An access whose session start is not on record is still an access: it must not vanish from the answer. */
function personOf({ issuer, subject, displayName, groups }: Row): Person {
  if (issuer === null || subject === null) return { issuer: '', subject: '(session start not on record)', groups: [] }
  return { issuer, subject, ...optional('displayName', displayName), groups: groups ?? [] }
}
