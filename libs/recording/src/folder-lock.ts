import { join } from 'node:path'
import { WeirError, lockFile } from '@weir/kernel'
import type { FileLock } from '@weir/kernel'

/** Takes `dir` for this process alone until `release`, or until the process dies. Throws WEIR_SPOOL_IN_USE. */
export function lockFolder(dir: string): FileLock {
  const lock = lockFile(join(dir, 'lock'))
  if (lock !== undefined) return lock
  throw new WeirError(
    'WEIR_SPOOL_IN_USE',
    `The evidence spool ${dir} is in use by another process. Give each process a folder of its own, or stop the other one.`,
  )
}
