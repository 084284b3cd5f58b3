import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { folder, offsetsOf, open, ship, signingKey } from '../test/spool-folder.ts'

const program = join(import.meta.dirname, '../test/append-forever.ts')

/** Runs a process that appends from `offset` on, kills it, and returns the last offset of which it knew that it was written. */
async function crash(dir: string, offset: number, afterMs: number): Promise<number> {
  const key = Buffer.from(signingKey.export({ type: 'pkcs8', format: 'pem' })).toString('base64')
  const child = spawn(process.execPath, [program, dir, key, String(offset)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await once(child.stdout, 'data')
  await delay(afterMs)
  child.kill('SIGKILL')
  await once(child, 'close')
  const lines = output.split('\n')
  return Number(lines.at(-2))
}

test('what was reported as written survives kill -9, once and without a gap', { timeout: 60_000 }, async () => {
  const dir = folder()
  let reported = -1
  let kept: number[] = []
  for (const afterMs of [0, 5, 40, 90, 150]) {
    const from = kept.length
    reported = await crash(dir, from, afterMs)
    const spool = await open({ dir })
    const offsets = offsetsOf(await ship(spool))
    await spool.close()
    expect(spool.faults).toEqual([])
    kept = [...kept, ...offsets]
    expect(kept.length).toBeGreaterThan(reported)
    expect(kept).toEqual(kept.map((_, index) => index))
    expect(spool.bytes()).toBe(0)
  }
})

test('epochs of several crashes are shipped oldest first', { timeout: 60_000 }, async () => {
  const dir = folder()
  const first = await crash(dir, 0, 20)
  const second = await crash(dir, 1_000_000, 20)
  const spool = await open({ dir })
  const events = await ship(spool)
  await spool.close()
  const [older, newer] = [...events.values()].map((each) => offsetsOf(new Map([['', each]])))
  expect([...events.keys()]).toEqual([...events.keys()].toSorted())
  expect(older!.at(-1)).toBeGreaterThanOrEqual(first)
  expect(newer!.at(-1)).toBeGreaterThanOrEqual(second)
  expect(newer![0]).toBe(1_000_000)
})
