/** The whole of Weir, as `npm start` brings it up, with what a test needs to be any of its clients. */
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { createApiClient } from '@weir/control-plane-client'
import type { ApiClient } from '@weir/control-plane-client'
import { kafkaTool, needs, runProcess, startPostgres, startProcess, temporaryFolder } from '@weir/testing'
import type { Finished, Kafka, ProcessOptions, RunningProcess } from '@weir/testing'
import { startSandbox } from '@weir/tool-sandbox'
import type { Program, Sandbox, SandboxOptions } from '@weir/tool-sandbox'
import { Kafka as KafkaJs, logLevel } from 'kafkajs'

const weirBin = fileURLToPath(new URL('../../../apps/cli/bin/weir.mjs', import.meta.url))
const portTries = 20

export type System = {
  readonly sandbox: Sandbox
  readonly kafka: Kafka
  readonly gateway: Program
  readonly controlPlane: Program
  /** `host:port` of the gateway. */
  readonly bootstrap: string
  /** Where the control plane keeps what it knows. */
  readonly database: 'PostgreSQL' | 'PGlite'
  /** A properties file of the sandbox: `properties('alice')`, `properties('alice.token')`. */
  properties(name: string): string
  /** A token of the client file `<who>.token`. */
  tokenOf(who: string): string
  /** A stock tool as somebody, at the gateway. Its exit code is the caller's to check. */
  tool(name: string, who: string, args: readonly string[], options?: ToolOptions): Promise<Finished>
  startTool(name: string, who: string, args: readonly string[], options?: ProcessOptions): Promise<RunningProcess>
  /** The real `weir` command, as a lead unless it is told otherwise. */
  weir(...args: readonly string[]): Promise<Finished>
  /** The same with --json, which must exit with `code`; gives the answer. */
  ask<T>(args: readonly string[], code?: number): Promise<T>
  /** The API that the command asks, as a lead: for questions by the hundred. */
  readonly api: ApiClient
  /** Makes topics as a lead, through the gateway. */
  createTopic(topic: string, partitions: number, configs?: Readonly<Record<string, string>>): Promise<void>
  /** Returns when the gateway has told that all evidence of before this call is delivered. */
  shipped(): Promise<void>
  stop(): Promise<void>
}

export type ToolOptions = ProcessOptions & { readonly timeoutMs?: number }

/** Brings up a system of its own on free ports, with PostgreSQL where that is installed. */
export async function startSystem(options: Partial<SandboxOptions> = {}): Promise<System> {
  const folder = temporaryFolder()
  const postgres = needs('postgres') ? await startPostgres() : undefined
  const sandbox = await startAnywhere({
    folder: folder.path,
    signal: new AbortController().signal,
    say: () => undefined,
    ...(postgres !== undefined && { databaseUrl: postgres.url }),
    ...options,
  })
  const { kafka, kafkaGateway, controlPlane } = sandbox.parts
  if (kafka === undefined || kafkaGateway === undefined) throw new Error(sandbox.missing.join('\n'))
  const stop = async () => {
    await sandbox.stop()
    await postgres?.stop()
    folder.remove()
  }
  return {
    sandbox,
    kafka,
    gateway: kafkaGateway,
    controlPlane,
    database: postgres === undefined ? 'PGlite' : 'PostgreSQL',
    ...clientsOf(sandbox),
    ...questionsTo(sandbox),
    stop,
  }
}

type Clients = Pick<System, 'bootstrap' | 'properties' | 'tokenOf' | 'tool' | 'startTool' | 'createTopic'>

function clientsOf({ ports, folders }: Sandbox): Clients {
  const bootstrap = `127.0.0.1:${ports.kafka}`
  const properties = (name: string) => join(folders.clients, `${name}.kafka.properties`)
  const tokenOf = (who: string) => readFileSync(join(folders.clients, `${who}.token`), 'utf8').trim()
  const toolArgs = (who: string, args: readonly string[]) => [
    ...['--bootstrap-server', bootstrap, '--command-config', properties(who)],
    ...args,
  ]
  return {
    bootstrap,
    properties,
    tokenOf,
    tool: (name, who, args, options) => runProcess(kafkaTool(name), toolArgs(who, args), options),
    startTool: (name, who, args, options) => startProcess(kafkaTool(name), toolArgs(who, args), options),
    async createTopic(topic, partitions, configs = {}) {
      const sasl = { mechanism: 'plain', username: 'carol', password: tokenOf('carol') } as const
      const admin = new KafkaJs({ brokers: [bootstrap], sasl, clientId: 'lead', logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
      const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: false })
      await admin.disconnect()
    },
  }
}

function questionsTo({ folders, ports, parts }: Sandbox): Pick<System, 'weir' | 'ask' | 'api' | 'shipped'> {
  const env = { WEIR_SANDBOX: folders.root, NODE_OPTIONS: undefined }
  const weir: System['weir'] = (...args) =>
    runProcess(process.execPath, [weirBin, ...args, ...(args.includes('--as') ? [] : ['--as', 'carol'])], { env })
  const ask: System['ask'] = async <T>(args: readonly string[], code = 0) => {
    const answer = await weir(...args, '--json')
    if (answer.code !== code) {
      throw new Error(`weir ${args.join(' ')} exited with ${answer.code}:\n${answer.stdout}${answer.stderr}`)
    }
    return JSON.parse(answer.stdout) as T
  }
  const api = createApiClient({
    baseUrl: `http://127.0.0.1:${ports.controlPlane}`,
    token: () => parts.issuer.token('carol', { audience: 'weir-control-plane', expiresInSeconds: 300 }),
  })
  const shipped = async () => {
    // A report that was on its way while the last event was written would speak of before it.
    const since = Date.now() + 500
    await eventually('the gateway to have delivered its evidence', async () => {
      const { gateways } = await api.call('gateways')
      return gateways.every((g) => Date.parse(g.lastSeenAt) > since && g.oldestUnshippedMs === 0)
    })
  }
  return { weir, ask, api, shipped }
}

async function startAnywhere(options: Omit<SandboxOptions, 'portBase'>): Promise<Sandbox> {
  for (let attempt = 1; ; attempt++) {
    // Below the ports that the system hands out by itself.
    const portBase = 10_000 + Math.floor(Math.random() * 1_100) * 20
    try {
      return await startSandbox({ ...options, portBase })
    } catch (error) {
      if (attempt === portTries || !/^Ports? .* in use/.test((error as Error).message)) throw error
    }
  }
}

/** Asks until the answer is yes; fails after `timeoutMs`. */
export async function eventually(
  what: string,
  question: () => Promise<boolean> | boolean,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await question())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
