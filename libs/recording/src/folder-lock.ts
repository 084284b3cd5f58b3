import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { WeirError } from '@weir/kernel'

/** SQLITE_BUSY: somebody else has the file. */
const busy = 5

/**
 * Takes `dir` for this process alone until `release`, or until the process dies, however it dies.
 * SQLite is used for nothing but its lock: it is the one way in Node to a lock that the kernel itself gives up when the process is gone,
 * so that no stale lock, no reused process id and no race of two takers has to be dealt with.
 * Throws WEIR_SPOOL_IN_USE.
 */
export function lockFolder(dir: string): { release(): void } {
  const path = join(dir, 'lock')
  const database = new DatabaseSync(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== busy) throw error
    throw new WeirError(
      'WEIR_SPOOL_IN_USE',
      `The evidence spool ${dir} is in use by another process. Give each process a folder of its own, or stop the other one.`,
      { cause: error },
    )
  }
  return { release: () => database.close() }
}
