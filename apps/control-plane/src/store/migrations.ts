import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hash } from 'node:crypto'
import { WeirError } from '@weir/kernel'
import { sql } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { rowsOf } from './database.ts'

/** Any constant will do, as long as it stays: replicas that start together take turns. */
const lockKey = 0x77656972

/**
 * Brings the database up to the SQL files of `folder`, in one transaction: all of them or none. Returns the names applied.
 * Throws WEIR_STORE_UNAVAILABLE when the database was made by a newer version, or a file was changed after it was applied.
 */
export async function migrate(queries: Queries, folder = migrationsFolder()): Promise<string[]> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
  return queries.transaction(async (transaction) => {
    await transaction.execute(sql`select pg_advisory_xact_lock(${lockKey})`)
    await transaction.execute(
      sql`create table if not exists weir_migration (name text primary key, sha256 text not null, applied_at timestamptz not null default now())`,
    )
    const applied = new Map(
      (await rowsOf<{ name: string; sha256: string }>(transaction, sql`select name, sha256 from weir_migration`)).map(
        (row) => [row.name, row.sha256],
      ),
    )
    refuseStrange(applied, files)
    const missing = files.filter((file) => !applied.has(file.name))
    for (const file of missing) {
      for (const statement of file.text.split('--> statement-breakpoint')) {
        await transaction.execute(sql.raw(statement))
      }
      await transaction.execute(
        sql`insert into weir_migration (name, sha256) values (${file.name}, ${hash('sha256', file.text)})`,
      )
    }
    return missing.map((file) => file.name)
  })
}

function refuseStrange(applied: ReadonlyMap<string, string>, files: readonly { name: string; text: string }[]): void {
  const known = new Map(files.map((file) => [file.name, hash('sha256', file.text)]))
  for (const [name, sha256] of applied) {
    const ours = known.get(name)
    if (ours === sha256) continue
    throw new WeirError(
      'WEIR_STORE_UNAVAILABLE',
      ours === undefined
        ? `The database has migration ${name}, which this version does not know: it was made by a newer version. Run that one.`
        : `Migration ${name} is not the one that was applied to the database. A migration never changes; restore the file.`,
    )
  }
}

/** `drizzle/` beside the package's manifest: found from the source and from a bundle alike. */
function migrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'drizzle'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new WeirError('WEIR_INTERNAL', 'The folder of SQL migrations is missing.')
    folder = parent
  }
  return join(folder, 'drizzle')
}
