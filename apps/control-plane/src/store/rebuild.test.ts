import { hash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import type { SealedSegment } from '@weir/contracts'
import { segmentHeaderHash } from '@weir/recording'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { access, newSigningKey, resign, sealSegments, sessionStart } from '../../test/segments.ts'
import { quiet, storeKinds } from '../../test/stores.ts'
import type { StorePlace } from '../../test/stores.ts'
import { indexOf, quarantineIndex, unstorableReason } from '../ingest/projection.ts'
import { openPglite, openPostgres, rowsOf } from './database.ts'
import type { Database } from './database.ts'
import { migrate } from './migrations.ts'
import { ensurePartitions } from './partitions.ts'
import { rebuildIndex } from './rebuild.ts'
import { appendSegment } from './segments.ts'

describe.each(storeKinds)('the index rebuilt on $kind', ({ present, place }) => {
  let at: StorePlace
  let database: Database
  const key = newSigningKey()
  const receivedAtMs = 1_800_000_000_000

  beforeAll(async () => {
    if (!present) return
    at = await place()
    const { location } = at
    database = 'url' in location ? openPostgres({ ...location, logger: quiet }) : await openPglite(location.folder)
    await migrate(database.queries)
    await ensurePartitions(database.queries, Date.now())
  })
  afterAll(async () => {
    await database?.close()
    await at?.remove()
  })

  const append = async (segment: SealedSegment, index = indexOf(segment, receivedAtMs)) => {
    const stored = { ...segment, headerSha256: segmentHeaderHash(segment.header) }
    expect(await appendSegment(database.queries, stored, index, receivedAtMs)).toMatchObject({ outcome: 'stored' })
  }
  const tables = async () =>
    Promise.all(
      ['access_run_kafka', 'evidence_event', 'session', 'principal', 'audit_segment'].map((table) =>
        rowsOf<{ row: string }>(
          database.queries,
          sql`select row::text as row from ${sql.identifier(table)} as row order by 1`,
        ),
      ),
    )

  test.skipIf(!present)('is what it was, row for row', async () => {
    const follow = (first: number) => access('kafka.publish', 's1', { topic: 't', first, last: first + 9 })
    const holes = {
      runs: [
        [0, 3],
        [7, 9],
      ],
    } as const
    const batches = [
      [sessionStart('s1', 'alice'), follow(0), follow(10), follow(20), sessionStart('s2', 'bob')],
      [follow(30), follow(40), access('kafka.consume', 's2', { topic: 't', first: 0, last: 9 }, holes)],
      [{ type: 'session.end', sessionId: 's1', reason: 'client', totals: [] } as const],
      [access('kafka.consume', 's2', { topic: 't', first: 0, last: 50_000 })],
      [{ type: 'session.end', sessionId: 's0', reason: 'abandoned', totals: [] } as const],
    ]
    for (const segment of await sealSegments('kafka-1', key, batches)) await append(segment)
    const [first, second] = await sealSegments('kafka-2', key, [
      [sessionStart('s3', 'alice')],
      [access('kafka.publish', 's3', { topic: 't', first: 0, last: 0 }, { producerEpoch: 2 ** 40 })],
    ])
    const body = zstdCompressSync(Buffer.from([99]))
    const poison = resign({ ...first!, body }, { sha256: hash('sha256', body) }, key)
    await append(poison)
    const unstorable = resign(second!, { previousSha256: segmentHeaderHash(poison.header) }, key)
    await append(unstorable, quarantineIndex(unstorable.header, receivedAtMs, unstorableReason))

    const before = await tables()
    expect(before.map((rows) => rows.length)).toEqual([8, 6, 3, 2, 7])
    await database.queries.execute(sql`delete from access_run_kafka where seq > 3`)
    await database.queries.execute(sql`update evidence_event set type = 'forged'`)
    await database.queries.execute(sql`update session set display_name = 'mallory'`)
    expect(await rebuildIndex(database.queries)).toEqual({ segments: 7, quarantined: 2 })
    expect(await tables()).toEqual(before)
  })

  test.skipIf(!present)('takes in what an earlier version could not read', async () => {
    const [segment] = await sealSegments('kafka-3', key, [[sessionStart('s9', 'carol')]])
    await append(segment!, quarantineIndex(segment!.header, receivedAtMs, 'not known yet'))
    const types = async () =>
      rowsOf<{ type: string }>(
        database.queries,
        sql`select type from evidence_event join audit_segment on id = segment_id where gateway_id = 'kafka-3'`,
      )
    expect(await types()).toEqual([{ type: 'segment.quarantined' }])
    expect(await rebuildIndex(database.queries)).toMatchObject({ quarantined: 2 })
    expect(await types()).toEqual([{ type: 'session.start' }])
  })

  test.skipIf(!present)('is as it was when rebuilding fails', async () => {
    const before = await tables()
    await database.queries.execute(sql`alter table session add constraint no_carol check (id <> 's9') not valid`)
    await expect(rebuildIndex(database.queries)).rejects.toThrow()
    expect(await tables()).toEqual(before)
  })
})
