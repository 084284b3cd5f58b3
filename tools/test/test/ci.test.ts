import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runProcess, temporaryFolder } from '@weir/testing'
import type { TemporaryFolder } from '@weir/testing'

const script = fileURLToPath(new URL('../../../.ci/run', import.meta.url))

let bin: TemporaryFolder
beforeEach(() => {
  bin = temporaryFolder()
  const programs = ['/bin/bash', '/usr/bin/dirname', '/usr/bin/env']
  for (const program of programs) symlinkSync(program, join(bin.path, program.split('/').at(-1)!))
})
afterEach(() => bin.remove())

/** A program that notes that it was called, and answers. */
function plant(name: string, body = ''): void {
  const path = join(bin.path, name)
  writeFileSync(path, `#!/bin/bash\necho "${name} $*" >>'${join(bin.path, 'calls')}'\n${body}\n`)
  chmodSync(path, 0o755)
}

const calls = () =>
  existsSync(join(bin.path, 'calls')) ? readFileSync(join(bin.path, 'calls'), 'utf8').trimEnd().split('\n') : []
const run = () => runProcess('/bin/bash', [script], { env: { PATH: bin.path } })
const present = ['java', 'mvn', 'initdb', 'psql', 'python3']

test('what is missing is installed by root, then servers are fetched, then the tests run in CI mode', async () => {
  for (const name of [...present, 'apt-get']) plant(name)
  plant('id', 'echo 0')
  plant('npm', '[ "$CI" = true ] || exit 9')
  expect((await run()).code).toBe(0)
  expect(calls().filter((call) => !/^(python3|id)/.test(call))).toEqual([
    'apt-get update --quiet',
    'apt-get install --quiet --yes --no-install-recommends kcat',
    'npm run --silent servers',
    'npm test',
  ])
})

test('another user installs through sudo', async () => {
  for (const name of present) plant(name)
  plant('apt-get')
  plant('id', 'echo 1000')
  plant('npm')
  plant('sudo', '"$@"')
  expect((await run()).code).toBe(0)
  expect(calls()).toContain('sudo env DEBIAN_FRONTEND=noninteractive apt-get update --quiet')
})

test('nothing is installed where nothing is missing', async () => {
  for (const name of [...present, 'kcat', 'apt-get', 'npm']) plant(name)
  expect((await run()).code).toBe(0)
  expect(calls().some((call) => call.startsWith('apt-get'))).toBe(false)
})

test('a machine without apt-get, or without root, is told what is needed', async () => {
  for (const name of present) plant(name)
  plant('npm')
  const without = await run()
  expect(without.code).toBe(1)
  expect(without.stderr).toContain('Needed and not here: kcat')
  plant('apt-get')
  plant('id', 'echo 1000')
  const powerless = await run()
  expect(powerless.code).toBe(1)
  expect(powerless.stderr).toContain('no sudo')
  expect(calls().some((call) => call.startsWith('npm'))).toBe(false)
})

test('failing tests fail the run', async () => {
  for (const name of [...present, 'kcat']) plant(name)
  plant('npm', '[ "$1" != test ] || exit 1')
  expect((await run()).code).toBe(1)
})
