import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WeirError } from '@weir/kernel'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { runIn } from './run-app.ts'
import type { App } from './run-app.ts'
import { secret } from './secret.ts'

// Processes are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'weir-app-'))
afterAll(() => rmSync(folder, { recursive: true }))
const good = join(folder, 'good.yaml')
const bad = join(folder, 'bad.yaml')
writeFileSync(good, 'password: ${PASSWORD}\n')
writeFileSync(bad, 'pasword: x\n')

const schema = z.object({ password: secret() })

async function run(args: string[], start: App<typeof schema>['start'] = async () => {}) {
  const said = { out: '', err: '' }
  const app: App<typeof schema> = { name: 'test-app', summary: 'Does nothing.', schema, start, logLevel: () => 'error' }
  const code = await runIn(app, {
    args,
    env: { PASSWORD: 'swordfish' },
    out: (text) => (said.out += text),
    err: (text) => (said.err += text),
  })
  return { code, ...said }
}

describe('the command line', () => {
  test.each([
    [[], '--config FILE is missing'],
    [['--config'], '--config needs a file'],
    [['--config='], '--config needs a file'],
    [['--confg', good], 'unknown option --confg (did you mean "--config"?)'],
    [['-x'], 'unknown option -x'],
    [['--check=yes', '--config', good], '--check takes no value'],
    [['--config', good, 'more'], 'unexpected argument "more"'],
    [['--config', good, '--check', '--print-config'], 'choose --check or --print-config'],
  ])('wrong usage %j', async (args, problem) => {
    const expected = { code: 2, out: '', err: `test-app: ${problem}\nTry test-app --help.\n` }
    expect(await run(args)).toEqual(expected)
  })

  test('--help lists every option and says where the keys are described', async () => {
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    for (const option of ['--config', '--check', '--print-config', '--schema', '--version', '--help']) {
      expect(out).toContain(`\n  ${option}`)
    }
    expect(out).toContain('docs/reference/test-app.md')
  })

  test('--version, --schema', async () => {
    expect((await run(['--version'])).out).toMatch(/^test-app \d+\.\d+\.\d+\n$/)
    expect(JSON.parse((await run(['--schema'])).out)).toMatchObject({ required: ['password'] })
  })
})

describe('the config file', () => {
  test('--check says that it is valid, or prints its problems as plain lines', async () => {
    expect(await run(['--check', '--config', good])).toEqual({ code: 0, out: `${good}: valid\n`, err: '' })
    expect(await run(['--check', `--config=${bad}`])).toEqual({
      code: 1,
      out: '',
      err: `${bad}:1:1: unknown key "pasword" (did you mean "password"?)\n${bad}:1:1: password: is required\n`,
    })
  })

  test('--print-config hides secrets', async () => {
    expect(await run(['--print-config', '--config', good])).toEqual({ code: 0, out: 'password: "***"\n', err: '' })
  })
})

describe('the start', () => {
  test('gets the config and runs', async () => {
    let password = ''
    const result = await run(['--config', good], async (config) => void (password = config.password.reveal()))
    expect({ ...result, password }).toEqual({ code: 'running', out: '', err: '', password: 'swordfish' })
  })

  test('a foreseen fault is one line, and what had started is stopped', async () => {
    let stopped = false
    const result = await run(['--config', good], async (_, { lifecycle }) => {
      lifecycle.add({ name: 'part', stop: async () => void (stopped = true) })
      throw new WeirError('WEIR_PORT_IN_USE', 'The port is taken.')
    })
    expect({ ...result, stopped }).toEqual({ code: 1, out: '', err: 'test-app: The port is taken.\n', stopped: true })
  })

  test('an unforeseen fault keeps its stack', async () => {
    const result = await run(['--config', good], async () => {
      throw new RangeError('odd')
    })
    expect(result.code).toBe(1)
    expect(result.err).toMatch(/^test-app: RangeError: odd\n +at /)
  })
})

describe('the process', () => {
  const program = `
    import { runApp, secret } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)}
    import { createServer } from 'node:http'
    import { z } from ${JSON.stringify(import.meta.resolve('zod'))}
    await runApp({
      name: 'test-app',
      summary: 'Ends by a fault although a port is open.',
      schema: z.object({ password: secret() }),
      start: async () => {
        createServer().listen(0, '127.0.0.1')
        throw new Error('odd')
      },
    })`
  const script = join(folder, 'app.mjs')
  writeFileSync(script, program)
  const runProcess = (args: string[]) =>
    spawnSync(process.execPath, [script, ...args], {
      env: { PASSWORD: 'swordfish' },
      encoding: 'utf8',
    })

  test.each([
    [['--help'], 0, /^$/],
    [['--config', good, '--check'], 0, /^$/],
    [['--config', bad, '--check'], 1, /unknown key "pasword"/],
    [['--wrong'], 2, /unknown option --wrong/],
    [['--config', good], 1, /^test-app: Error: odd/],
  ])('%j ends with %i', (args, status, stderr) => {
    const ended = runProcess(args)
    expect(ended.stderr).toMatch(stderr)
    expect(ended.status).toBe(status)
  })
})
