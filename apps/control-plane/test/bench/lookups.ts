/** Who read a position, over an index of many rows: 200 partitions of 20 topics, ten readers each, ten days. */
import { createLogger } from '@weir/kernel'
import { startPostgres } from '@weir/testing'
import pg from 'pg'
import { openStore } from '../../src/store/open-store.ts'

const asks = 400
const readers = 10
const partitions = 200
const days = 10
/** Offsets of a run. */
const span = 500

export async function measureLookups(rows: number): Promise<void> {
  const postgres = await startPostgres()
  const store = await openStore({ url: postgres.url, connections: 2 }, createLogger({ app: 'bench', level: 'error' }))
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    const now = Date.now()
    for (let day = 0; day < days; day++) await store.ensurePartitions(now - day * 86_400_000)
    const perReader = Math.ceil(rows / partitions / readers)
    await fill(client, perReader, now)
    const waits: number[] = []
    let answers = 0
    for (let n = 0; n < asks; n++) {
      const partition = (n * 37) % partitions
      const offset = Math.floor(((n * 7_919) % asks) * ((perReader * span) / asks))
      const started = performance.now()
      const { accesses } = await store.evidence.access({
        action: 'consume',
        topic: `topic-${partition % 20}`,
        partition: Math.floor(partition / 20),
        offset,
      })
      waits.push(performance.now() - started)
      answers += accesses.length
    }
    if (answers !== asks * readers) throw new Error(`${answers} answers, and not ${asks * readers}.`)
    const sorted = waits.toSorted((a, b) => a - b)
    process.stdout.write(
      `who read a position, over ${perReader * partitions * readers} index rows in ${days} days\n` +
        `  ${sorted[asks / 2]!.toFixed(2)} ms median, ${sorted[Math.floor(asks * 0.95)]!.toFixed(2)} ms p95, ${readers} readers in each answer\n`,
    )
  } finally {
    await client.end()
    await store.close()
    await postgres.stop()
  }
}

async function fill(client: pg.Client, perReader: number, now: number): Promise<void> {
  const sessions = partitions * readers
  await client.query(
    `insert into principal (issuer, subject) select 'i', 'p' || n from generate_series(1, ${readers}) n`,
  )
  await client.query(
    `insert into session (id, gateway_id, principal_id, groups, actors, started_at_ms)
     select 's' || n, 'g', n % ${readers} + 1, '[]', '[]', 0 from generate_series(0, ${sessions - 1}) n`,
  )
  await client.query(
    `insert into audit_segment (gateway_id, epoch, first_seq, last_seq, first_at_ms, last_at_ms, events, sha256,
       previous_sha256, header_sha256, signature, body, received_at_ms)
     select 'g', 'e', n, n, 0, 0, 1, '', '', '', '', '', 0 from generate_series(1, ${perReader}) n`,
  )
  // In the order of time, as they would come: each step is one run of every reader of every partition.
  await client.query(
    `insert into access_run_kafka (segment_id, seq, piece, at_ms, action, topic, topic_id, partition, first_offset,
       last_offset, session_id, client_id, group_id, rule_id, policy_revision)
     select step, s, 0, ${now - (days - 1) * 86_400_000} + (step::bigint - 1) * ${(days - 1) * 86_400_000} / ${perReader}, 1,
       'topic-' || s % 20, 'AAAAAAAAAAAAAAAAAAAAAg', s % ${partitions} / 20, (step - 1) * ${span}, step * ${span} - 1,
       's' || s, 'console', 'billing', 'payments', '0123456789abcdef'
     from generate_series(1, ${perReader}) step, generate_series(0, ${sessions - 1}) s`,
  )
  await client.query('vacuum analyze')
}
