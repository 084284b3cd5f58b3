import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exclusively } from './cache.ts'
import { runProcess, startProcess } from './process.ts'
import { temporaryFolder } from './temporary-folder.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

let folder: TemporaryFolder
let lock: string
beforeEach(() => {
  folder = temporaryFolder()
  lock = join(folder.path, 'deep', 'lock')
})
afterEach(() => folder.remove())

const contender = (name: string) => `
  import { appendFileSync } from 'node:fs'
  import { setTimeout as sleep } from 'node:timers/promises'
  import { exclusively } from ${JSON.stringify(new URL('cache.ts', import.meta.url).href)}
  await exclusively(${JSON.stringify(lock)}, async () => {
    appendFileSync(${JSON.stringify(join(folder.path, 'log'))}, 'in ${name}\\n')
    await sleep(100)
    appendFileSync(${JSON.stringify(join(folder.path, 'log'))}, 'out ${name}\\n')
  }, (pid) => console.log('waiting for', pid))`
const contend = (name: string) => runProcess(process.execPath, ['--input-type=module', '--eval', contender(name)])

test('processes enter one after the other', async () => {
  const results = await Promise.all(['a', 'b', 'c'].map(contend))
  expect(results.map((result) => result.code)).toEqual([0, 0, 0])
  const lines = readFileSync(join(folder.path, 'log'), 'utf8').trim().split('\n')
  expect(lines).toHaveLength(6)
  for (let index = 0; index < 6; index += 2) {
    expect(lines[index + 1]).toBe(lines[index]!.replace('in', 'out'))
  }
  expect(readdirSync(join(folder.path, 'deep'))).toEqual([])
})

test('a waiter is told whom it waits for', async () => {
  const holder = await startProcess('sleep', ['60'])
  await exclusively(lock, async () => {})
  writeFileSync(lock, String(holder.pid))
  const waiter = await startProcess(process.execPath, ['--input-type=module', '--eval', contender('late')])
  await waiter.waitFor(new RegExp(`waiting for ${holder.pid}\\n`))
  expect(existsSync(join(folder.path, 'log'))).toBe(false)
  await holder.stop()
  expect((await waiter.exited).code).toBe(0)
})

test('the lock of a process that is gone is taken over', async () => {
  const gone = await startProcess('true', [])
  await gone.exited
  await exclusively(lock, async () => {})
  writeFileSync(lock, String(gone.pid))
  const results = await Promise.all(['a', 'b'].map(contend))
  expect(results.map((result) => result.code)).toEqual([0, 0])
})

test('the lock is given back when the work fails', async () => {
  await expect(exclusively(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(existsSync(lock)).toBe(false)
})
