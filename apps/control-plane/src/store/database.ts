import { PGlite } from '@electric-sql/pglite'
import type { Logger } from '@weir/kernel'
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { drizzle as drizzleNodePostgres } from 'drizzle-orm/node-postgres'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import pg from 'pg'
import { lockFolder } from './folder-lock.ts'
import { listenPostgres } from './listen-postgres.ts'
import * as schema from './schema.ts'

/** Either driver, or a transaction of it. */
export type Queries = PgDatabase<PgQueryResultHKT, typeof schema>

export type Database = {
  readonly kind: 'postgresql' | 'pglite'
  readonly queries: Queries
  /** Calls back after each NOTIFY on the channel, and when some may have been missed. Returns how to stop. */
  listen(channel: string, onNotice: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** A pool of connections to a PostgreSQL server (15 or newer). Connects on first use. */
export function openPostgres(options: { url: string; connections: number; logger: Logger }): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    application_name: 'weir-control-plane',
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
  })
  // An idle connection that breaks is no fault of a request: the pool replaces it.
  pool.on('error', (error) => options.logger.warn({ reason: error.message }, 'database connection lost'))
  return {
    kind: 'postgresql',
    queries: drizzleNodePostgres(pool, { schema }),
    listen: (channel, onNotice) => listenPostgres({ ...options, channel, onNotice }),
    close: () => pool.end(),
  }
}

/**
 * PostgreSQL inside this process, its files in `folder`. For sandboxes: it does not survive power loss.
 * Throws WEIR_STORE_UNAVAILABLE when another process has the folder.
 */
export async function openPglite(folder: string): Promise<Database> {
  const lock = lockFolder(folder)
  try {
    const client = await PGlite.create({ dataDir: folder })
    return {
      kind: 'pglite',
      queries: drizzlePglite(client, { schema }),
      listen: async (channel, onNotice) => {
        const stop = await client.listen(channel, onNotice)
        return () => stop()
      },
      close: async () => {
        await client.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The rows of a query that was written by hand; both drivers answer alike, but int8 comes as text from one of them. */
export async function rowsOf<T>(queries: Queries, query: SQL): Promise<T[]> {
  const result = (await queries.execute(query)) as { rows: T[] }
  return result.rows
}

/** One parameter that holds a whole column: for `unnest`. */
export function columnOf(type: 'text' | 'bigint' | 'integer' | 'smallint', values: readonly unknown[]): SQL {
  return sql`${sql.param(values)}::${sql.raw(type)}[]`
}
