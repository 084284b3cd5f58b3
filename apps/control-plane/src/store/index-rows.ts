import { sql } from 'drizzle-orm'
import type { EventRow } from '../ingest/projection.ts'
import { storableText } from '../ingest/projection.ts'
import { packBatches } from '../ingest/run-batches.ts'
import type { RunRow } from '../ingest/runs.ts'
import type { Queries } from './database.ts'
import { columnOf } from './database.ts'

type ColumnType = 'text' | 'bigint' | 'integer' | 'smallint'

/** What is told of a run, in the order of its columns. */
const runColumns: readonly (readonly [name: string, type: ColumnType, pick: (run: RunRow) => unknown])[] = [
  ['seq', 'bigint', (run) => run.seq],
  ['piece', 'integer', (run) => run.piece],
  ['at_ms', 'bigint', (run) => run.atMs],
  ['action', 'smallint', ({ event }) => (event.type === 'kafka.publish' ? 0 : 1)],
  ['topic', 'text', ({ event }) => storableText(event.topic)],
  ['topic_id', 'text', ({ event }) => nullable(event.topicId)],
  ['partition', 'integer', ({ event }) => event.partition],
  ['first_offset', 'bigint', (run) => run.firstOffset],
  ['last_offset', 'bigint', (run) => run.lastOffset],
  ['session_id', 'text', ({ event }) => event.sessionId],
  ['client_id', 'text', ({ event }) => nullable(event.clientId)],
  ['group_id', 'text', ({ event }) => nullable(event.group)],
  ['requested_offset', 'bigint', ({ event }) => event.requestedOffset ?? null],
  ['producer_id', 'bigint', ({ event }) => event.producerId ?? null],
  ['producer_epoch', 'integer', ({ event }) => event.producerEpoch ?? null],
  ['base_sequence', 'integer', ({ event }) => event.baseSequence ?? null],
  ['rule_id', 'text', ({ event }) => storableText(event.ruleId)],
  ['policy_revision', 'text', ({ event }) => storableText(event.policyRevision)],
  // As text: an array of bytea has no form that both drivers know how to write.
  ['batches', 'text', (run) => (run.later.length === 0 ? null : packBatches(run, run.later).toString('hex'))],
]
const runNames = sql.raw(runColumns.map(([name]) => name).join(', '))
const runValues = sql.raw(runColumns.map(([name]) => (name === 'batches' ? `decode(batches, 'hex')` : name)).join(', '))

/**
 * One statement with one parameter per column: ten times cheaper than drizzle's own multi-row insert, on both drivers.
 * COPY was measured beside it: 2 µs of CPU less per row, of 11 for an event that is not coalesced, and none that is.
 */
export async function insertRuns(transaction: Queries, segmentId: number, runs: readonly RunRow[]): Promise<void> {
  if (runs.length === 0) return
  const columns = runColumns.map(([, type, pick]) => columnOf(type, runs.map(pick)))
  await transaction.execute(sql`
    insert into access_run_kafka (segment_id, ${runNames})
    select ${segmentId}::bigint, ${runValues} from unnest(${sql.join(columns, sql`, `)}) as row (${runNames})`)
}

export async function insertEvents(transaction: Queries, segmentId: number, rows: readonly EventRow[]): Promise<void> {
  if (rows.length === 0) return
  await transaction.execute(sql`
    insert into evidence_event (segment_id, seq, at_ms, type, session_id, resource, event)
    select ${segmentId}::bigint, seq, at_ms, type, session_id, resource, event::jsonb
    from unnest(
      ${columnOf(
        'bigint',
        rows.map((row) => row.seq),
      )},
      ${columnOf(
        'bigint',
        rows.map((row) => row.atMs),
      )},
      ${columnOf(
        'text',
        rows.map((row) => row.type),
      )},
      ${columnOf(
        'text',
        rows.map((row) => row.sessionId ?? null),
      )},
      ${columnOf(
        'text',
        rows.map((row) => row.resource ?? null),
      )},
      ${columnOf(
        'text',
        rows.map((row) => JSON.stringify(row.event)),
      )}
    ) as row (seq, at_ms, type, session_id, resource, event)`)
}

function nullable(text: string | undefined): string | null {
  return text === undefined ? null : storableText(text)
}
