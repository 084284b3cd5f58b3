import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect, test } from 'vitest'
import { runProcess } from '@weir/testing'
import { freshClone, installedClone, removeTemplates } from './fresh-clone.ts'
import type { FreshClone } from './fresh-clone.ts'

let clone: FreshClone | undefined
afterEach(() => {
  clone?.remove()
  clone = undefined
})
afterAll(removeTemplates)

const showDependency = `
  import { createRequire } from 'node:module'
  const version: string = createRequire(import.meta.url)('dependency')
  console.log('dependency', version, 'packaged', process.env.PACKAGED_RUNTIME, ...process.argv.slice(2))`

test('packages that are missing are installed once, and the program runs under the packaged runtime', async () => {
  clone = freshClone()
  const first = await clone.run(showDependency, ['one', '--two'])
  expect((await first.exited).code).toBe(0)
  expect(first.stdout()).toBe('dependency 1.0.0 packaged yes one --two\n')
  expect(first.stderr()).toContain('No packages are installed yet.')
  const second = await clone.run(showDependency)
  expect((await second.exited).code).toBe(0)
  expect(second.stderr()).toBe('')
})

test('packages that are stale are installed anew', async () => {
  clone = installedClone()
  await (
    await clone.run(showDependency)
  ).exited
  clone.upgrade()
  const run = await clone.run(showDependency)
  expect((await run.exited).code).toBe(0)
  expect(run.stdout()).toContain('dependency 2.0.0')
  expect(run.stderr()).toContain('stale')
})

test('an installation that was interrupted is made good', async () => {
  clone = installedClone()
  await (
    await clone.run(showDependency)
  ).exited
  rmSync(join(clone.path, 'node_modules', '.package-lock.json'))
  rmSync(join(clone.path, 'node_modules', 'dependency'), { recursive: true })
  const run = await clone.run(showDependency)
  expect((await run.exited).code).toBe(0)
  expect(run.stdout()).toContain('dependency 1.0.0')
})

test('of two at once one installs and the other waits', async () => {
  clone = freshClone()
  const runs = await Promise.all([clone.run(showDependency), clone.run(showDependency)])
  const exits = await Promise.all(runs.map((run) => run.exited))
  expect(exits.map((exit) => exit.code)).toEqual([0, 0])
  expect(runs.map((run) => run.stdout())).toEqual(Array(2).fill('dependency 1.0.0 packaged yes\n'))
  const told = runs.map((run) => run.stderr()).join('')
  expect(told.match(/Installing the locked packages/g)).toHaveLength(1)
  expect(told.match(/waiting for it/g)).toHaveLength(1)
  expect(readdirSync(clone.path)).not.toContain('.install.lock')
})

test('omitted optional packages are named as the reason why there is no runtime', async () => {
  clone = freshClone()
  const run = await clone.run(showDependency, [], { env: { npm_config_omit: 'optional' } })
  expect((await run.exited).code).toBe(1)
  expect(run.stderr()).toMatch(
    /Node 24 or later is needed, and this is Node 20\.20\.2\.[^]*omit=optional[^]*npm ci --include=optional/,
  )
  expect(run.stderr()).not.toContain('at ')
  clone.npm('ci', '--include=optional', '--offline')
  expect((await (await clone.run(showDependency)).exited).code).toBe(0)
})

test('a machine without a packaged runtime is told to bring its own', async () => {
  clone = installedClone()
  const preload = `Object.defineProperty(process, 'platform', { value: 'darwin' })`
  writeFileSync(join(clone.path, 'darwin.cjs'), preload)
  await (
    await clone.run(showDependency)
  ).exited
  const run = await clone.run(showDependency, [], {
    env: { NODE_OPTIONS: `--require ${join(clone.path, 'darwin.cjs')}` },
  })
  expect((await run.exited).code).toBe(1)
  expect(run.stderr()).toMatch(/no package of it for darwin-.*: install Node 24/)
})

test('a failing npm ci is the answer, and leaves no lock behind', async () => {
  clone = freshClone()
  writeFileSync(join(clone.path, 'package.json'), '{ "dependencies": { "unlocked": "1.0.0" } }')
  const run = await clone.run(showDependency)
  expect((await run.exited).code).toBe(1)
  expect(run.stderr()).toMatch(/npm ci failed with exit code \d+/)
  expect(readdirSync(clone.path)).not.toContain('.install.lock')
})

test('the end of the program is the end of the run', async () => {
  clone = installedClone()
  expect((await (await clone.run('process.exit(7)')).exited).code).toBe(7)
  const aborted = await clone.run(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)`)
  expect(await aborted.exited).toEqual({ code: null, signal: 'SIGKILL' })
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s reaches the program, which ends in its own time',
  async (signal) => {
    clone = installedClone()
    const run = await clone.run(`
    process.once('${signal}', () => setTimeout(() => { console.log('drained'); process.exit(5) }, 100))
    console.log('up')
    setInterval(() => {}, 1000)`)
    await run.waitFor(/up/)
    expect(await run.stop(signal)).toEqual({ code: 5, signal: null })
    expect(run.stdout()).toContain('drained')
  },
)

test('no program is wrong usage', async () => {
  const script = fileURLToPath(new URL('../run.mjs', import.meta.url))
  const { code, stderr } = await runProcess(process.execPath, [script])
  expect(code).toBe(2)
  expect(stderr).toContain('Usage: node tools/bootstrap/run.mjs')
})

test('only what Node itself brings is imported', () => {
  const folder = fileURLToPath(new URL('..', import.meta.url))
  const files = readdirSync(folder).filter((name) => name.endsWith('.mjs'))
  expect(files).toContain('run.mjs')
  for (const file of files) {
    const specifiers = [...readFileSync(join(folder, file), 'utf8').matchAll(/^import .* from '(.*)'$/gm)].map(
      (match) => match[1]!,
    )
    for (const specifier of specifiers) {
      expect(files.map((name) => `./${name}`).concat(builtinModules.map((name) => `node:${name}`))).toContain(specifier)
    }
  }
})
