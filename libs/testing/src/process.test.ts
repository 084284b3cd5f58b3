import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runProcess, startProcess } from './process.ts'
import { temporaryFolder } from './temporary-folder.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

test('a program that is run gives its code and both streams', async () => {
  const result = await runProcess('sh', ['-c', 'cat; echo oops >&2; exit 3'], { input: 'hello' })
  expect(result).toEqual({ code: 3, signal: null, stdout: 'hello', stderr: 'oops\n' })
})

test('a program that does not exist is named', async () => {
  await expect(runProcess('no-such-program', [])).rejects.toThrow('no-such-program is not a program')
  await expect(startProcess('/no/such/program', [])).rejects.toThrow('/no/such/program')
})

test('a program that is too slow is ended, and its output is in the error', async () => {
  await expect(runProcess('sh', ['-c', 'echo began; sleep 60'], { timeoutMs: 200 })).rejects.toThrow(/200 ms:\nbegan/)
})

test('waitFor sees what was printed before and after, across chunks', async () => {
  const program = await startProcess('sh', ['-c', 'printf rea; sleep 0.1; printf "dy 42"; cat'])
  cleanups.push(() => program.stop())
  expect((await program.waitFor(/ready (\d+)/))[1]).toBe('42')
  expect((await program.waitFor(/ready (\d+)/))[1]).toBe('42')
  program.write('more')
  program.end()
  await program.waitFor(/more/)
  expect(await program.exited).toEqual({ code: 0, signal: null })
  expect(program.running).toBe(false)
})

test('waitFor rejects with the output when the program ends or goes on without printing it', async () => {
  const ended = await startProcess('sh', ['-c', 'echo why >&2; exit 1'])
  await expect(ended.waitFor(/ready/)).rejects.toThrow(/ended without printing \/ready\/:\nwhy/)
  const going = await startProcess('sleep', ['60'])
  cleanups.push(() => going.stop())
  await expect(going.waitFor(/ready/, 50)).rejects.toThrow(/went on for 50 ms/)
})

test('stop insists when the program ignores the signal', async () => {
  const stubborn = await startProcess('sh', ['-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done'])
  await stubborn.waitFor(/up/)
  expect((await stubborn.stop('SIGTERM', 100)).signal).toBe('SIGKILL')
  expect((await stubborn.stop()).signal).toBe('SIGKILL')
})

test('the environment is laid over this one, and the output is logged to a file', async () => {
  const folder = temporaryFolder()
  cleanups.push(() => folder.remove())
  const logFile = join(folder.path, 'log')
  const env = { PLANTED: 'yes', HOME: undefined }
  const { stdout } = await runProcess('sh', ['-c', 'echo "$PLANTED ${HOME-none}"'], { env, logFile })
  expect(stdout).toBe('yes none\n')
  await expect.poll(() => readFileSync(logFile, 'utf8')).toBe(stdout)
})

test.runIf(process.platform === 'linux')('a program ends when the process that started it is killed', async () => {
  const script = `
    import { startProcess } from ${JSON.stringify(new URL('process.ts', import.meta.url).href)}
    const child = await startProcess('sleep', ['60'])
    console.log('child', child.pid)`
  const parent = await startProcess(process.execPath, ['--input-type=module', '--eval', script])
  const pid = Number((await parent.waitFor(/child (\d+)/))[1])
  expect(isAlive(pid)).toBe(true)
  await parent.stop('SIGKILL')
  await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody has reaped yet answers to signal 0.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
