import { sql } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { rowsOf } from './database.ts'

/** Any constant will do, as long as it stays: replicas take turns. */
const lockKey = 0x77656973
const tables = ['access_run_kafka', 'evidence_event'] as const
const dayMs = 86_400_000
/** So far ahead that a control plane which cannot make partitions for a weekend loses no more than speed. */
const daysAhead = 4
/** Older days than this stay in the default partition: a gateway whose clock is wrong must not make thousands. */
const daysBehind = 90

/**
 * Makes the partitions of yesterday to four days from now, and those of late days whose rows had to go to the default
 * partition; rows move with them. Days are of UTC. Returns the names of those made.
 */
export async function ensurePartitions(queries: Queries, nowMs: number): Promise<string[]> {
  const today = Math.floor(nowMs / dayMs)
  return queries.transaction(async (transaction) => {
    // Whoever reads the default partition for long must not stop everybody who comes after: better to try again later.
    await transaction.execute(sql`set local lock_timeout = '5s'`)
    await transaction.execute(sql`select pg_advisory_xact_lock(${lockKey})`)
    const made: string[] = []
    for (const table of tables) {
      const days = new Set(Array.from({ length: daysAhead + 2 }, (_, index) => today - 1 + index))
      for (const day of await lateDays(transaction, table, today)) days.add(day)
      const present = new Set(
        (
          await rowsOf<{ name: string }>(
            transaction,
            sql`select inhrelid::regclass::text as name from pg_inherits where inhparent = ${table}::regclass`,
          )
        ).map((row) => row.name),
      )
      for (const day of [...days].toSorted((a, b) => a - b)) {
        const name = `${table}_${new Date(day * dayMs).toISOString().slice(0, 10).replaceAll('-', '')}`
        if (present.has(name)) continue
        await makePartition(transaction, table, name, day)
        made.push(name)
      }
    }
    return made
  })
}

async function lateDays(transaction: Queries, table: string, today: number): Promise<number[]> {
  const rows = await rowsOf<{ day: string | number }>(
    transaction,
    sql`select distinct at_ms / ${sql.raw(String(dayMs))} as day from ${sql.identifier(`${table}_default`)}
        where at_ms >= ${(today - daysBehind) * dayMs} and at_ms < ${today * dayMs}`,
  )
  return rows.map((row) => Number(row.day))
}

async function makePartition(transaction: Queries, table: string, name: string, day: number): Promise<void> {
  const [parent, partition, rest] = [table, name, `${table}_default`].map((part) => sql.identifier(part))
  const [from, to] = [day * dayMs, (day + 1) * dayMs].map((bound) => sql.raw(String(bound)))
  await transaction.execute(sql`create table ${partition} (like ${parent} including all)`)
  // Nothing may stand in the default partition that belongs into the new one.
  await transaction.execute(sql`
    with moved as (delete from ${rest} where at_ms >= ${from} and at_ms < ${to} returning *)
    insert into ${partition} select * from moved`)
  await transaction.execute(
    sql`alter table ${parent} attach partition ${partition} for values from (${from}) to (${to})`,
  )
}
