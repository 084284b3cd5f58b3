import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { WeirError } from '@weir/kernel'

/** SQLITE_BUSY: somebody else has the file. */
const busy = 5

/**
 * Takes a folder for this process alone; creates it when missing. Throws WEIR_STORE_UNAVAILABLE when another has it.
 * The lock is that of an SQLite file beside the folder: Node has no flock, and SQLite's lock is the kernel's, so it is gone
 * when the process is gone, however it died. A file with a process id would be stale then, or name a stranger.
 */
export function lockFolder(folder: string): { release(): void } {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const holderFile = `${folder}.pid`
  const lock = new DatabaseSync(`${folder}.lock`)
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== busy) throw error
    throw new WeirError(
      'WEIR_STORE_UNAVAILABLE',
      `The data folder ${folder} is in use by another process${holderOf(holderFile)}. ` +
        'Stop that process, choose another folder in `dataDir`, or use PostgreSQL (`database.url`), which several processes may share.',
      { cause: error },
    )
  }
  writeFileSync(holderFile, `${process.pid}\n`)
  return {
    release: () => {
      rmSync(holderFile, { force: true })
      lock.close()
    },
  }
}

/** For the message only: the number may be of another machine or container. */
function holderOf(holderFile: string): string {
  try {
    return ` (process ${readFileSync(holderFile, 'utf8').trim()})`
  } catch {
    return ''
  }
}
