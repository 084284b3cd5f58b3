/** The sandbox as a person has it: started from a terminal, used by its own printed lines, ended by Ctrl-C. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kafkaTool, needs, runProcess, temporaryFolder } from '@weir/testing'
import type { Finished } from '@weir/testing'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { choosePorts, namedPorts } from '../src/layout.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const main = join(root, 'tools/sandbox/src/main.ts')
const weirBin = join(root, 'apps/cli/bin/weir.mjs')
const startLimitMs = 120_000
const linux = process.platform === 'linux'

type Terminal = {
  readonly pid: number
  output(): string
  readonly exited: Promise<number | null>
  /** As the terminal does: to the program and to all that it started. */
  pressCtrlC(): void
  kill(signal: NodeJS.Signals): void
  waitFor(pattern: RegExp): Promise<RegExpMatchArray>
}

const open = new Set<ChildProcess>()

/** Runs the sandbox as the leader of a group of its own, as a shell with job control would. */
function startInTerminal(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Terminal {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  open.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const exited = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      open.delete(child)
      resolve(code)
    }),
  )
  return {
    pid: child.pid!,
    output: () => output,
    exited,
    pressCtrlC: () => process.kill(-child.pid!, 'SIGINT'),
    kill: (signal) => void child.kill(signal),
    async waitFor(pattern) {
      const deadline = Date.now() + startLimitMs
      for (;;) {
        const found = output.match(pattern)
        if (found !== null) return found
        if (child.exitCode !== null || Date.now() > deadline) throw new Error(`no ${pattern} in:\n${output}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
  }
}

/** The processes of a sandbox, by their parents: it and all that it started. Linux only. */
function familyOf(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]))
    } catch (error) {
      // It ended between the two.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  const family = [pid]
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child)
  return family
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`)

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** A base whose ports are all free, below those that the system hands out by itself. */
async function freeBase(): Promise<number> {
  for (;;) {
    const base = 10_000 + Math.floor(Math.random() * 1_100) * 20
    const free = await Promise.all(namedPorts(choosePorts(base)).map(([, port]) => isFree(port)))
    if (free.every(Boolean)) return base
  }
}

afterEach(() => {
  for (const child of open) process.kill(-child.pid!, 'SIGKILL')
})

describe.skipIf(!needs('kafka'))('the sandbox', () => {
  const home = temporaryFolder()
  const folder = join(home.path, 'my sandbox')
  const env = { WEIR_SANDBOX: folder, NODE_OPTIONS: undefined }
  let base = 0
  afterAll(() => home.remove())

  const weir = (...args: string[]): Promise<Finished> => runProcess(process.execPath, [weirBin, ...args], { env })
  const consume = (who: string, topic: string, ...more: string[]) =>
    runProcess(kafkaTool('kafka-console-consumer'), [
      ...['--bootstrap-server', `127.0.0.1:${base}`, '--topic', topic, '--from-beginning', '--max-messages', '1'],
      ...['--command-config', join(folder, 'clients', `${who}.kafka.properties`), '--timeout-ms', '20000', ...more],
    ])
  const eventually = async (what: string, question: () => boolean | Promise<boolean>) => {
    const deadline = Date.now() + 20_000
    while (!(await question())) {
      if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }

  test('starts, is used by the lines that it prints, takes a new policy while it runs, and leaves nothing at Ctrl-C', async () => {
    base = await freeBase()
    const terminal = startInTerminal(['--port-base', String(base), '--data', folder])
    const ready = await weir('sandbox', 'ready', '--wait', '120s', '--json')
    expect(ready, terminal.output()).toMatchObject({ code: 0 })
    expect(JSON.parse(ready.stdout)).toMatchObject({
      ready: true,
      kafka: `127.0.0.1:${base}`,
      clients: join(folder, 'clients'),
    })

    await terminal.waitFor(/Ctrl-C ends all of it/)
    await expectPrintedLinesToWork(terminal.output())
    await expectBrokerToRefuse()
    await expectLivePolicy()

    const family = linux ? familyOf(terminal.pid) : []
    if (linux) expect(family.length).toBeGreaterThanOrEqual(4)
    terminal.pressCtrlC()
    expect(await terminal.exited, terminal.output()).toBe(0)
    expect(family.filter(isAlive)).toEqual([])
    for (const [what, port] of namedPorts(choosePorts(base))) expect(await isFree(port), what).toBe(true)
    expect((await weir('sandbox', 'ready')).code).toBe(3)
  }, 240_000)

  async function expectPrintedLinesToWork(output: string): Promise<void> {
    const lines = output.split('\n').filter((line) => /^ {2}(echo|tools\/kafka|npx weir|WEIR_SANDBOX=)/.test(line))
    expect(lines).toHaveLength(3)
    const [produce, read, ask] = lines.map((line) => line.trim())
    const shell = (line: string) => runProcess('/bin/sh', ['-c', line], { cwd: root, env: { WEIR_SANDBOX: undefined } })
    expect(await shell(produce!)).toMatchObject({ code: 0 })
    expect(await shell(read!)).toMatchObject({ code: 0, stdout: 'hello\n' })
    await eventually('the evidence', async () => (await shell(ask!)).stdout.includes('payments-app'))
    const refused = await shell(produce!.replace('alice', 'dave'))
    expect(refused.stderr).toContain('TopicAuthorizationException: Not authorized to access topics: [payments.orders]')
  }

  async function expectBrokerToRefuse(): Promise<void> {
    const properties = join(folder, 'clients', 'alice.kafka.properties')
    const args = [
      '--bootstrap-server',
      `127.0.0.1:${choosePorts(base).broker}`,
      '--command-config',
      properties,
      '--list',
    ]
    const direct = await runProcess(kafkaTool('kafka-topics'), args)
    expect(direct.code).toBe(1)
    expect(direct.stdout + direct.stderr).toContain('Authentication failed')
  }

  async function expectLivePolicy(): Promise<void> {
    const policy = join(folder, 'policy.yaml')
    const log = () => readFileSync(join(folder, 'logs', 'control-plane.log'), 'utf8')
    const before = readFileSync(policy, 'utf8')
    expect((await consume('bob', 'payments.orders', '--group', 'public-bob')).stderr).toContain(
      'TopicAuthorizationException',
    )

    const rule = [
      '  - id: bob-reads-orders',
      '    subjects: [{ subject: bob }]',
      '    actions: [consume]',
      '    resources: ["kafka:topic:payments.orders"]',
      '    effect: allow',
    ].join('\n')
    writeFileSync(policy, `${before}\n${rule}\n`)
    await eventually('the new policy', async () => {
      const args = [
        'policy',
        'explain',
        '--principal',
        'bob',
        '--action',
        'consume',
        '--resource',
        'kafka:topic:payments.orders',
      ]
      return (await weir(...args, '--as', 'carol')).code === 0
    })
    const read = await consume('bob', 'payments.orders', '--group', 'public-bob')
    expect(read, read.stderr).toMatchObject({ stdout: 'hello\n' })

    // The last line is the mistake: the policy in force stays, and the log says where it is.
    const broken = `${before}\n${rule}\n    effekt: allow\n`
    writeFileSync(policy, broken)
    const line = broken.trimEnd().split('\n').length
    await eventually('the mistake in the log', () => log().includes(`policy.yaml:${line}:5`))
    expect(log()).toContain('effekt')
    expect((await consume('bob', 'payments.orders', '--group', 'public-bob-2')).stdout).toBe('hello\n')
  }

  test('a start with a mistake in the policy is refused at its line and column, and leaves nothing running', async () => {
    const policy = join(folder, 'policy.yaml')
    const mended = readFileSync(policy, 'utf8').replace(/.*effekt.*\n/, '')
    const terminal = startInTerminal(['--port-base', String(base), '--data', folder])
    expect(await terminal.exited, terminal.output()).toBe(1)
    expect(terminal.output()).toMatch(/policy\.yaml:\d+:5: .*effekt/)
    for (const [what, port] of namedPorts(choosePorts(base))) expect(await isFree(port), what).toBe(true)
    writeFileSync(policy, mended)
  }, 120_000)

  test('a second start in the same folder finds what the first left, and writes nowhere else', async () => {
    const elsewhere = temporaryFolder()
    const places = Object.fromEntries(['cwd', 'home', 'tmp'].map((name) => [name, join(elsewhere.path, name)]))
    for (const place of Object.values(places)) mkdirSync(place)
    const cache = process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '', '.cache')
    const terminal = startInTerminal(['--port-base', String(base), '--data', folder], {
      cwd: places['cwd']!,
      env: { HOME: places['home'], TMPDIR: places['tmp'], XDG_CACHE_HOME: cache },
    })
    await terminal.waitFor(/Ctrl-C ends all of it/)
    const list = await weir('evidence', 'list', '--type', 'kafka.consume', '--as', 'carol', '--json')
    const { events } = JSON.parse(list.stdout) as { events: { event: { group?: string } }[] }
    expect(events.map(({ event }) => event.group)).toContain('payments-app')
    const again = await consume('alice', 'payments.orders', '--group', 'payments-again')
    expect(again).toMatchObject({ stdout: 'hello\n' })

    // As `kill` does it: to the program alone.
    const family = linux ? familyOf(terminal.pid) : []
    terminal.kill('SIGINT')
    expect(await terminal.exited).toBe(0)
    expect(family.filter(isAlive)).toEqual([])
    for (const place of Object.values(places)) expect(readdirSync(place), place).toEqual([])
    elsewhere.remove()
  }, 120_000)
})

test('a port that is in use is named, with the flag that moves it, and nothing is started', async () => {
  const folder = temporaryFolder()
  const base = await freeBase()
  const { controlPlane } = choosePorts(base)
  const server = createServer().listen(controlPlane, '127.0.0.1')
  const terminal = startInTerminal(['--port-base', String(base), '--data', join(folder.path, 'data')])
  expect(await terminal.exited).toBe(1)
  expect(terminal.output()).toContain(`Port ${controlPlane} (control plane) is in use by another process.`)
  expect(terminal.output()).toContain('npm start -- --port-base')
  expect(existsSync(join(folder.path, 'data'))).toBe(false)
  await new Promise((resolve) => server.close(resolve))
  folder.remove()
})

test('where Apache Kafka cannot be had, that is said with the command that fixes it, and the rest starts', async () => {
  const folder = temporaryFolder()
  const base = await freeBase()
  // No Maven and nothing in the cache; a Java under /usr/lib/jvm would be found without PATH.
  const path = join(folder.path, 'bin')
  mkdirSync(path)
  symlinkSync(process.execPath, join(path, 'node'))
  const data = join(folder.path, 'data')
  const env = { PATH: path, JAVA_HOME: '', XDG_CACHE_HOME: join(folder.path, 'cache') }
  const terminal = startInTerminal(['--port-base', String(base), '--data', data], { env })
  await terminal.waitFor(/Ctrl-C ends all of it/)
  expect(terminal.output()).toMatch(
    /Not started: Apache Kafka and its gateway\..*apt-get install default-jdk-headless maven/,
  )
  expect(terminal.output()).not.toContain('kafka-console-producer')
  const ready = await runProcess(process.execPath, [weirBin, 'sandbox', 'ready'], { env: { WEIR_SANDBOX: data } })
  expect(ready, ready.stderr).toMatchObject({ code: 0 })
  expect(ready.stdout).toContain(`http://127.0.0.1:${choosePorts(base).controlPlane}`)
  terminal.pressCtrlC()
  expect(await terminal.exited).toBe(0)
  folder.remove()
}, 120_000)

test.each([
  [['--port-base', '80'], '--port-base takes a port from 1024'],
  [['--nonsense'], "Unknown option '--nonsense'"],
])('a command line that cannot be understood ends with 2 and says why: %s', async (args, message) => {
  const { code, stderr } = await runProcess(process.execPath, [main, ...args])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
  expect(stderr).toContain('Usage: npm start')
})
