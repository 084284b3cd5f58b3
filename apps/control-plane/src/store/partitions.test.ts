import { needs } from '@weir/testing'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quiet, storeKinds } from '../../test/stores.ts'
import type { StorePlace } from '../../test/stores.ts'
import { openPglite, openPostgres, rowsOf } from './database.ts'
import type { Database } from './database.ts'
import { migrate } from './migrations.ts'
import { ensurePartitions } from './partitions.ts'

const dayMs = 86_400_000
const now = Date.UTC(2026, 10, 22, 13)

describe.each(storeKinds)('partitions on $kind', ({ present, place }) => {
  let at: StorePlace
  let database: Database

  beforeAll(async () => {
    if (!present) return
    at = await place()
    const { location } = at
    database = 'url' in location ? openPostgres({ ...location, logger: quiet }) : await openPglite(location.folder)
    await migrate(database.queries)
  })
  afterAll(async () => {
    await database?.close()
    await at?.remove()
  })

  const insert = (atMs: number) =>
    database.queries.execute(sql`
      insert into evidence_event (segment_id, seq, at_ms, type, event) values (1, 1, ${atMs}, 'x', '{}')`)
  const rows = () =>
    rowsOf<{ at_ms: string | number; place: string }>(
      database.queries,
      sql`select at_ms, tableoid::regclass::text as place from evidence_event order by at_ms`,
    )

  test.skipIf(!present)('are made for the days around, and rows that came before them move in', async () => {
    for (const atMs of [0, now - 5 * dayMs, now, now + 9 * dayMs]) await insert(atMs)
    expect((await rows()).map((row) => row.place)).toEqual(Array.from({ length: 4 }, () => 'evidence_event_default'))
    const made = await ensurePartitions(database.queries, now)
    expect(made).toEqual(
      expect.arrayContaining(['evidence_event_20261117', 'evidence_event_20261121', 'access_run_kafka_20261126']),
    )
    expect(made).toHaveLength(13)
    expect(await ensurePartitions(database.queries, now)).toEqual([])
    await insert(now + dayMs)
    expect((await rows()).map((row) => row.place)).toEqual([
      'evidence_event_default',
      'evidence_event_20261117',
      'evidence_event_20261122',
      'evidence_event_20261123',
      'evidence_event_default',
    ])
    expect((await ensurePartitions(database.queries, now + dayMs)).toSorted()).toEqual([
      'access_run_kafka_20261127',
      'evidence_event_20261127',
    ])
  })

  test.skipIf(!present)('a position is found by the index alone', async () => {
    await database.queries.execute(sql`
      insert into access_run_kafka (segment_id, seq, piece, at_ms, action, topic, partition, first_offset, last_offset,
        session_id, rule_id, policy_revision)
      select 1, n, 0, ${now}::bigint + n % 3 * ${dayMs}::bigint, 1, 't', n % 10, n * 10, n * 10 + 9, 's', 'r', 'p'
      from generate_series(1, 30000) as n`)
    await database.queries.execute(sql`analyze access_run_kafka`)
    const plan = await rowsOf<{ 'QUERY PLAN': string }>(
      database.queries,
      sql`explain select * from access_run_kafka run where topic = 't' and partition = 3 and action = 1
          and last_offset >= 150000 and last_offset < 150000 + 16384 and first_offset <= 150000`,
    )
    const lines = plan.map((row) => row['QUERY PLAN'])
    // The other partitions are empty, and reading nothing is cheaper than asking an index.
    expect(lines.filter((line) => /Seq Scan on \w+_2026112[234]/.test(line))).toEqual([])
    expect(lines.filter((line) => /Index Scan.* on access_run_kafka_2026112[234]/.test(line))).toHaveLength(3)
  })
})

test.skipIf(!needs('postgres'))('are made once by replicas that start together, while evidence comes in', async () => {
  const at = await storeKinds[0]!.place()
  const { location } = at
  if (!('url' in location)) throw new Error('not a server')
  const databases = Array.from({ length: 3 }, () => openPostgres({ ...location, logger: quiet }))
  await migrate(databases[0]!.queries)
  const inserting = Array.from({ length: 50 }, (_, n) =>
    databases[n % 3]!.queries.execute(sql`
      insert into evidence_event (segment_id, seq, at_ms, type, event) values (1, ${n}, ${now}, 'x', '{}')`),
  )
  const made = await Promise.all(databases.map(({ queries }) => ensurePartitions(queries, now)))
  await Promise.all(inserting)
  expect(made.map((names) => names.length).toSorted((a, b) => a - b)).toEqual([0, 0, 12])
  await ensurePartitions(databases[1]!.queries, now)
  const [count] = await rowsOf<{ n: string }>(databases[2]!.queries, sql`select count(*) as n from evidence_event`)
  expect(Number(count!.n)).toBe(50)
  await Promise.all(databases.map((database) => database.close()))
  await at.remove()
})
