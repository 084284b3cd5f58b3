import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { memoryLog } from '../test/memory-log.ts'
import { Lifecycle } from './lifecycle.ts'
import { createLogger } from './logger.ts'

function lifecycleOf(...parts: { name: string; stop(): Promise<void> }[]) {
  const { destination, lines } = memoryLog()
  const lifecycle = new Lifecycle({ logger: createLogger({ app: 'test', destination }), drainMs: 10_000 })
  for (const part of parts) lifecycle.add(part)
  return { lifecycle, lines }
}

test('stops what was added in reverse order, one after the other, once', async () => {
  const steps: string[] = []
  const part = (name: string) => ({
    name,
    stop: async () => {
      steps.push(`${name} stops`)
      await new Promise((resolve) => setImmediate(resolve))
      steps.push(`${name} has stopped`)
    },
  })
  const { lifecycle } = lifecycleOf(part('first'), part('second'))
  const stopping = lifecycle.stop()
  expect(lifecycle.stop()).toBe(stopping)
  await stopping
  await lifecycle.stop()
  expect(steps).toEqual(['second stops', 'second has stopped', 'first stops', 'first has stopped'])
})

test.each([
  ['rejects', () => Promise.reject(new Error('cannot stop'))],
  [
    'throws',
    () => {
      throw new Error('cannot stop')
    },
  ],
])('a part whose stop %s is named in the log, and the others are stopped', async (_, stop) => {
  let firstStopped = false
  const first = { name: 'first', stop: async () => void (firstStopped = true) }
  const { lifecycle, lines } = lifecycleOf(first, { name: 'broken', stop })
  await lifecycle.stop()
  expect(firstStopped).toBe(true)
  expect(lines).toMatchObject([
    { level: 'error', message: 'stop failed', area: 'broken', err: { message: 'cannot stop' } },
    { level: 'info', message: 'stopped' },
  ])
})

/** Starts a process with these parts, sends the signal, and gives its exit code and output. */
async function signalled(signal: NodeJS.Signals, drainMs: number, ...parts: string[]) {
  const script = fileURLToPath(new URL('../test/stoppable-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, String(drainMs), ...parts])
  let output = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (output.includes('ready')) resolve()
    })
  })
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  await ready
  child.kill(signal)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops everything and ends the process with 0', async (signal) => {
  const { code, output } = await signalled(signal, 10_000, 'first', 'broken', 'last')
  // The logger writes in its own time, so its lines come between.
  expect(output.match(/^stopped \w+$/gm)).toEqual(['stopped last', 'stopped first'])
  expect(output).toContain('"area":"broken","message":"stop failed"')
  expect(code).toBe(0)
})

test('at the drain limit the process ends with 1 and says what had not stopped', async () => {
  const { code, output } = await signalled('SIGTERM', 200, 'first', 'stuck', 'last')
  expect(output).toContain('stopped last')
  expect(output).toContain('"reason":"first, stuck","message":"drain limit reached"')
  expect(output).not.toContain('stopped first')
  expect(code).toBe(1)
})
