import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { needs, runProcess, temporaryFolder } from '@weir/testing'
import type { TemporaryFolder } from '@weir/testing'
import { checks, runChecks } from '../src/checks.ts'
import { closingLine } from '../src/report.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const main = join(repository, 'tools', 'test', 'src', 'main.ts')

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder()
  symlinkSync(join(repository, 'node_modules'), join(folder.path, 'node_modules'))
  write('package.json', '{ "type": "module" }')
})
afterEach(() => folder.remove())

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder.path, path)), { recursive: true })
  writeFileSync(join(folder.path, path), text)
}

const importVitest = `import { test, expect, beforeAll } from 'vitest'\n`
const bin = join(repository, 'node_modules', '.bin')
const npmTest = (args: readonly string[], env: Record<string, string> = {}) =>
  runProcess(process.execPath, [main, ...args], {
    cwd: folder.path,
    env: { NO_COLOR: '1', FORCE_COLOR: undefined, PATH: `${bin}:${process.env['PATH']}`, ...env },
  })
const lastLine = (output: string) => output.trimEnd().split('\n').at(-1)

describe.skipIf(!needs('java', 'kafka', 'postgres', 'kcat', 'confluent-kafka'))('with all servers', () => {
  test('a filter picks the tests, and the last line counts them', async () => {
    write('a.test.ts', `${importVitest}test('yes', () => {})\ntest.skip('later', () => {})\ntest.todo('some day')`)
    write('b.test.ts', `${importVitest}test('no', () => expect(1).toBe(2))`)
    const picked = await npmTest(['a.test'])
    expect(lastLine(picked.stdout)).toBe('1 passed, 0 failed, 2 skipped')
    expect(picked.code).toBe(0)
    const all = await npmTest(['test'])
    expect(lastLine(all.stdout)).toBe('1 passed, 1 failed, 2 skipped')
    expect(all.stdout).toContain('Failed: tests')
    expect(all.code).toBe(1)
  })

  test('a file that does not load, a hook that fails and a forgotten only are failures', async () => {
    write('load.test.ts', `import './absent.ts'`)
    write('hook.test.ts', `${importVitest}beforeAll(() => { throw new Error('hook') })\ntest('never', () => {})`)
    write('only.test.ts', `${importVitest}test.only('one', () => {})`)
    const { stdout, code } = await npmTest(['test'])
    expect(lastLine(stdout)).toMatch(/^0 passed, 3 failed, \d skipped$/)
    expect(code).toBe(1)
  })
})

test('all checks run, also after one that failed or cannot be started', async () => {
  const done = (name: string) => join(folder.path, name)
  const check = (name: string, then: string) => ({
    name,
    command: process.execPath,
    args: ['--eval', `require('node:fs').writeFileSync(${JSON.stringify(done(name))}, ''); ${then}`],
  })
  const wanted = [
    check('first', 'process.exit(1)'),
    { name: 'absent', command: 'no-such-program', args: [] },
    check('last', ''),
  ]
  expect(await runChecks(wanted)).toEqual(['first', 'absent'])
  expect([done('first'), done('last')].every(existsSync)).toBe(true)
})

test('without a filter the checks are the walls, form, lint and types', () => {
  expect(checks.map(({ name }) => name)).toEqual(['boundaries', 'tidy', 'format', 'lint', 'typecheck'])
})

test('missing servers are listed with what installs them, and fail the run', async () => {
  write('a.test.ts', `${importVitest}test('yes', () => {})`)
  const only = join(folder.path, 'bin')
  mkdirSync(only)
  for (const name of ['node', 'vitest']) symlinkSync(join(bin, name), join(only, name))
  const { stdout, code } = await npmTest(['a.test'], {
    PATH: only,
    XDG_CACHE_HOME: join(folder.path, 'cache'),
    JAVA_HOME: '',
  })
  expect(stdout).toMatch(
    /kafka: .*mvn is not on PATH.*\n\s+apt-get install default-jdk-headless maven && npm run servers\n/,
  )
  expect(stdout).toMatch(/kcat: no kcat on PATH\n\s+apt-get install kcat\n/)
  expect(stdout).toMatch(/confluent-kafka: python3 is not on PATH.*\n\s+apt-get install python3-venv/)
  expect(lastLine(stdout)).toBe('1 passed, 0 failed, 0 skipped')
  expect(code).toBe(1)
  expect(existsSync(join(folder.path, 'cache', 'weir'))).toBe(false)
})

test('the closing line counts a broken file once', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] },
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
  ]
  const report = { numPassedTests: 2, numFailedTests: 1, numPendingTests: 3, numTodoTests: 4, testResults }
  expect(closingLine(report)).toBe('2 passed, 2 failed, 7 skipped')
})
