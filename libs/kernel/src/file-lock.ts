import { DatabaseSync } from 'node:sqlite'

/** A lock that is held until `release`, or until the process ends. */
export type FileLock = { release(): void }

/** SQLITE_BUSY: somebody else has the file. */
const busy = 5

/**
 * Takes the file at `path` (made when missing, in a folder that exists) for this process alone until `release`, or until the
 * process dies, however it dies. Returns undefined when somebody has it.
 * SQLite is used for nothing but its lock: it is the one way in Node to a lock that the kernel itself gives up when the process
 * is gone, so that no stale lock, no reused process id and no race of two takers has to be dealt with.
 */
export function lockFile(path: string): FileLock | undefined {
  const database = new DatabaseSync(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === busy) return undefined
    throw error
  }
  return { release: () => database.close() }
}
