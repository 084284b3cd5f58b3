import { appendFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { needs, temporaryFolder } from '@weir/testing'
import { sql } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quiet, storeKinds } from '../../test/stores.ts'
import type { StorePlace } from '../../test/stores.ts'
import { openPglite, openPostgres, rowsOf } from './database.ts'
import type { Database } from './database.ts'
import { migrate } from './migrations.ts'
import { openStore } from './open-store.ts'
import * as schema from './schema.ts'

const sources = join(import.meta.dirname, '../../drizzle')

describe.each(storeKinds)('migrations on $kind', ({ present, place }) => {
  let at: StorePlace
  let database: Database

  beforeAll(async () => {
    if (!present) return
    at = await place()
    const { location } = at
    database = 'url' in location ? openPostgres({ ...location, logger: quiet }) : await openPglite(location.folder)
  })
  afterAll(async () => {
    await database?.close()
    await at?.remove()
  })

  test.skipIf(!present)('are applied all or none, once, and never changed afterwards', async () => {
    const folder = temporaryFolder()
    cpSync(sources, folder.path, { recursive: true })
    const broken = join(folder.path, '0099_broken.sql')
    appendFileSync(broken, 'create table left_over (id int);\n--> statement-breakpoint\nselect no_such_function()')
    await expect(migrate(database.queries, folder.path)).rejects.toThrow()
    expect(await rowsOf(database.queries, sql`select to_regclass('left_over') as found`)).toEqual([{ found: null }])
    expect(await rowsOf(database.queries, sql`select to_regclass('audit_segment') as found`)).toEqual([{ found: null }])

    expect(await migrate(database.queries)).toContain('0001_initial.sql')
    expect(await migrate(database.queries)).toEqual([])
    await database.queries.execute(sql`insert into weir_migration (name, sha256) values ('0098_newer.sql', 'x')`)
    await expect(migrate(database.queries)).rejects.toMatchObject({
      code: 'WEIR_STORE_UNAVAILABLE',
      message: expect.stringContaining('newer version'),
    })
    await database.queries.execute(sql`delete from weir_migration where name = '0098_newer.sql'`)
    const altered = temporaryFolder()
    cpSync(sources, altered.path, { recursive: true })
    appendFileSync(join(altered.path, '0001_initial.sql'), '-- changed')
    await expect(migrate(database.queries, altered.path)).rejects.toThrow('0001_initial.sql is not the one')
    folder.remove()
    altered.remove()
  })

  test.skipIf(!present)('make the tables that the code knows, column by column', async () => {
    const actual = await rowsOf<{ table_name: string; column_name: string; data_type: string; is_nullable: string }>(
      database.queries,
      sql`select table_name, column_name, data_type, is_nullable from information_schema.columns
          where table_schema = 'public' and table_name <> 'weir_migration'
            and not (select relispartition from pg_class where oid = table_name::regclass)`,
    )
    const described = actual.map((row) => `${row.table_name}.${row.column_name} ${row.data_type} ${row.is_nullable}`)
    const expected = Object.values(schema)
      .filter((table) => table instanceof PgTable)
      .map((table) => getTableConfig(table))
      .flatMap(({ name, columns, primaryKeys }) =>
        columns.map((column) => {
          const isKey = primaryKeys.some((key) => key.columns.includes(column))
          return `${name}.${column.name} ${column.getSQLType()} ${column.notNull || isKey ? 'NO' : 'YES'}`
        }),
      )
    expect(described.toSorted()).toEqual(expected.toSorted())
  })
})

test.skipIf(!needs('postgres'))('replicas that start together migrate once', async () => {
  const at = await storeKinds[0]!.place()
  const stores = await Promise.all(Array.from({ length: 3 }, () => openStore(at.location, quiet)))
  expect(await Promise.all(stores.map((store) => store.bundleRevision()))).toEqual([0, 0, 0])
  await Promise.all(stores.map((store) => store.close()))
  await at.remove()
})

test.skipIf(!needs('postgres'))('rows of an index without partitions are kept, and answer', async () => {
  const at = await storeKinds[0]!.place()
  const { location } = at
  if (!('url' in location)) throw new Error('not a server')
  const database = openPostgres({ ...location, logger: quiet })
  const folder = temporaryFolder()
  cpSync(join(sources, '0001_initial.sql'), join(folder.path, '0001_initial.sql'))
  await migrate(database.queries, folder.path)
  const now = Date.now()
  for (const statement of [
    sql`insert into audit_segment (gateway_id, epoch, first_seq, last_seq, first_at_ms, last_at_ms, events, sha256,
          previous_sha256, header_sha256, signature, body, received_at_ms)
        values ('g', 'e', 1, 1, ${now}, ${now}, 1, '', '', '', '', '', ${now})`,
    sql`insert into access_run_kafka (segment_id, seq, piece, at_ms, action, topic, partition, first_offset, last_offset,
          session_id, rule_id, policy_revision)
        values (1, 1, 0, ${now}, 0, 't', 0, 0, 9, 's', 'r', 'p')`,
    sql`insert into evidence_event (segment_id, seq, at_ms, type, event) values (1, 2, ${now}, 'x', '{"type": "x"}')`,
  ]) {
    await database.queries.execute(statement)
  }
  await database.close()
  const store = await openStore(location, quiet)
  await store.ensurePartitions(now)
  const { accesses } = await store.evidence.access({ action: 'publish', topic: 't', partition: 0, offset: 9 })
  expect(accesses).toMatchObject([{ firstOffset: 0, lastOffset: 9, seq: 1, gatewayId: 'g' }])
  expect((await store.evidence.list({ limit: 5, type: 'x' })).items).toMatchObject([{ seq: 2 }])
  await store.close()
  await at.remove()
  folder.remove()
})
