import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
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

test('where only the bundle is shipped, that is what runs', async () => {
  cpSync(weirBin, join(home.path, 'shipped/bin/weir.mjs'))
  mkdirSync(join(home.path, 'shipped/dist'))
  home.write('shipped/dist/main.js', "process.stdout.write('the bundle ' + process.argv.slice(2))")
  const shipped = await startProcess(process.execPath, [join(home.path, 'shipped/bin/weir.mjs'), 'whoami'])
  expect(await shipped.exited).toEqual({ code: 0, signal: null })
  expect(shipped.stdout()).toBe('the bundle whoami')
})

test('an older Node without the packaged one says what to do', async () => {
  const args = ['--import', oldNode, join(home.path, 'shipped/bin/weir.mjs')]
  const alone = await startProcess(process.execPath, args, { env: { NODE_PATH: undefined } })
  expect(await alone.exited).toEqual({ code: 3, signal: null })
  expect(alone.stderr()).toContain('Node 24 or later is needed, and this is Node 18.20.0.')
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
