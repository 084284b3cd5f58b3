import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { WeirError, lockFile } from '@weir/kernel'
import type { FileLock } from '@weir/kernel'

/** Takes a folder for this process alone; creates it when missing. Throws WEIR_STORE_UNAVAILABLE when another has it. */
export function lockFolder(folder: string): FileLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const holderFile = `${folder}.pid`
  // Beside the folder: what is in it belongs to the database.
  const lock = lockFile(`${folder}.lock`)
  if (lock === undefined) {
    throw new WeirError(
      'WEIR_STORE_UNAVAILABLE',
      `The data folder ${folder} is in use by another process${holderOf(holderFile)}. ` +
        'Stop that process, choose another folder in `dataDir`, or use PostgreSQL (`database.url`), which several processes may share.',
    )
  }
  writeFileSync(holderFile, `${process.pid}\n`)
  return {
    release: () => {
      rmSync(holderFile, { force: true })
      lock.release()
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
