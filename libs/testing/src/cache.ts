import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where downloaded servers are kept: outside the clone, so that every clone of this user shares them. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir')
}

/**
 * Runs `work` while no other process of this user holds `lockFile`. The file carries the holder's process id:
 * a lock whose process is gone is taken over. `onWait` is told once who is waited for.
 */
export async function exclusively<T>(
  lockFile: string,
  work: () => Promise<T>,
  onWait: (pid: number) => void = () => {},
): Promise<T> {
  mkdirSync(dirname(lockFile), { recursive: true })
  let waiting = false
  while (!take(lockFile)) {
    const holder = holderOf(lockFile)
    if (holder !== undefined && !isAlive(holder)) {
      dropStale(lockFile, holder)
      continue
    }
    if (holder !== undefined && !waiting) onWait(holder)
    waiting = true
    await sleep(200)
  }
  try {
    return await work()
  } finally {
    rmSync(lockFile, { force: true })
  }
}

/** A hard link appears with its content or not at all, so nobody ever reads a lock without a holder. */
function take(lockFile: string): boolean {
  const own = `${lockFile}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, lockFile)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

function holderOf(lockFile: string): number | undefined {
  try {
    return Number(readFileSync(lockFile, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Two waiters may see the same dead holder; the one that finds a new holder in what it moved away puts it back. */
function dropStale(lockFile: string, holder: number): void {
  const aside = `${lockFile}.stale.${process.pid}`
  try {
    renameSync(lockFile, aside)
    if (holderOf(aside) !== holder) linkSync(aside, lockFile)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}
