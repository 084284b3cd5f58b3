import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 50
/** Longer than a request to an issuer may take: the lock of a process that was killed. */
const abandonedAfterMs = 30_000

/** Runs `work` while no other process of this user holds the lock file. */
export async function exclusively<T>(path: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  while (!take(path)) await sleep(pollMs)
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

function take(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const takenAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs
  if (takenAtMs !== undefined && Date.now() - takenAtMs > abandonedAfterMs) rmSync(path, { force: true })
  return false
}
