import { startProcess } from '@weir/testing'
import { afterAll, expect, test } from 'vitest'
import { makeHome, weirBin } from './weir.ts'

const home = makeHome()
afterAll(() => home.remove())

// Makes this Node look old to the starter; what it then starts is handed the sources, and does not look.
const oldNode = home.write(
  'old-node.mjs',
  `const versions = { ...process.versions, node: '18.20.0' }
Object.defineProperty(process, 'versions', { value: versions })`,
)
const startOld = (...args: string[]) =>
  startProcess(process.execPath, ['--import', oldNode, weirBin, ...args], { cwd: home.path, env: home.env })

test('an older Node hands over to the packaged one: output and exit code', async () => {
  const wrong = await startOld('policy', 'chek')
  expect(await wrong.exited).toEqual({ code: 2, signal: null })
  expect(wrong.stderr()).toContain('did you mean "check"?')
  const right = await startOld('--version')
  expect(await right.exited).toEqual({ code: 0, signal: null })
  expect(right.stdout()).toMatch(/^weir \d/)
})

test('a signal reaches the command, and ends both', async () => {
  const waiting = await startOld('sandbox', 'ready', '--wait', '60s')
  await waiting.waitFor(/Waiting for/)
  expect(await waiting.stop('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' })
})

test('a reader that closes the pipe is no fault', async () => {
  const shell = await startProcess('sh', ['-c', `"${process.execPath}" "${weirBin}" --help | head -n 1`], {
    cwd: home.path,
  })
  expect(await shell.exited).toMatchObject({ code: 0 })
  expect(shell.stdout().split('\n')).toHaveLength(2)
  expect(shell.stderr()).toBe('')
})
