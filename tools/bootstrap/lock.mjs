import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs `work` while no other process holds the lock file, which carries its holder's process id. The lock of a process
 * that is gone is taken over. (libs/testing has the same in TypeScript; this one must run before anything is installed.)
 * @param {string} lockFile
 * @param {() => Promise<void>} work
 */
export async function exclusively(lockFile, work) {
  let told = false
  while (!take(lockFile)) {
    const holder = holderOf(lockFile)
    if (holder !== undefined && !isAlive(holder)) {
      dropStale(lockFile, holder)
      continue
    }
    if (!told) process.stderr.write(`Another process (${holder}) is installing the packages; waiting for it …\n`)
    told = true
    await sleep(200)
  }
  const release = () => rmSync(lockFile, { force: true })
  process.once('exit', release)
  try {
    await work()
  } finally {
    release()
    process.removeListener('exit', release)
  }
}

/**
 * A hard link appears with its content or not at all, so nobody reads a lock without a holder.
 * @param {string} lockFile
 */
function take(lockFile) {
  const own = `${lockFile}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, lockFile)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/** @param {string} lockFile */
function holderOf(lockFile) {
  try {
    return Number(readFileSync(lockFile, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Two waiters may see the same dead holder; the one that finds a new holder in what it moved away puts it back.
 * @param {string} lockFile
 * @param {number} holder
 */
function dropStale(lockFile, holder) {
  const aside = `${lockFile}.stale.${process.pid}`
  try {
    renameSync(lockFile, aside)
    if (holderOf(aside) !== holder) linkSync(aside, lockFile)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}
