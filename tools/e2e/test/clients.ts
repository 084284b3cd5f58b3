/** Clients that are programs of their own: each takes a task, runs to its end, and tells what it did line by line. */
import { fileURLToPath } from 'node:url'
import { findConfluentKafkaPython, runProcess, startProcess } from '@weir/testing'
import type { Finished, RunningProcess } from '@weir/testing'
import type { KafkaJsTask } from './programs/kafkajs-client.ts'
import type { System } from './system.ts'

const program = (name: string) => fileURLToPath(new URL(`./programs/${name}`, import.meta.url))
const clientTimeoutMs = 90_000

/** A record as a client saw it: acknowledged to a producer, or handed to a consumer. */
export type Seen = { readonly partition: number; readonly offset: number; readonly value: string }

/** What a client told, and when it ran (Unix milliseconds). */
export type Ran<Line> = Finished & { readonly lines: readonly Line[]; readonly fromMs: number; readonly toMs: number }

// A task without what every client of one system has in common; over each member of the union by itself.
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type JsTask = Without<KafkaJsTask, 'bootstrap' | 'login'> & { readonly login?: KafkaJsTask['login'] }

export type JsLine = {
  base?: number
  count?: number
  sent?: number
  partition?: number
  offset?: number
  value?: string
  error?: string
}
export type PythonLine = Partial<Seen> & {
  error?: string
  name?: string
  topics?: string[]
  groups?: string[]
  created?: string
  refused?: string
}

/** kafkajs as somebody of the sandbox, by their token, unless the task brings its own login. */
export function runKafkaJs(system: System, who: string, task: JsTask): Promise<Ran<JsLine>> {
  return run(process.execPath, [program('kafkajs-client.ts'), JSON.stringify(kafkaJsTask(system, who, task))])
}

export function startKafkaJs(system: System, who: string, task: JsTask): Promise<RunningProcess> {
  return startProcess(process.execPath, [program('kafkajs-client.ts'), JSON.stringify(kafkaJsTask(system, who, task))])
}

function kafkaJsTask(system: System, who: string, task: JsTask): object {
  const login = { username: who, passwordFile: `${system.sandbox.folders.clients}/${who}.token` }
  return { bootstrap: system.bootstrap, login, ...task }
}

/** confluent-kafka. People log in by PLAIN with their token; a machine by librdkafka's own OIDC, with its client credentials. */
export function runPython(system: System, who: string, clientId: string, task: object): Promise<Ran<PythonLine>> {
  const python = findConfluentKafkaPython()
  if (python === undefined) throw new Error('confluent-kafka is not installed; the test must ask for it with needs().')
  const config = { 'client.id': clientId, ...librdkafkaConfig(system, who) }
  return run(python, [program('confluent_client.py'), JSON.stringify({ config, ...task })])
}

export const machines: Readonly<Record<string, string>> = { etl: 'etl-secret', agent: 'agent-secret' }

function librdkafkaConfig(system: System, who: string): Record<string, string> {
  const common = { 'bootstrap.servers': system.bootstrap, 'security.protocol': 'SASL_PLAINTEXT' }
  const secret = machines[who]
  if (secret === undefined) {
    const login = { 'sasl.username': who, 'sasl.password': system.tokenOf(who) }
    return { ...common, 'sasl.mechanism': 'PLAIN', ...login }
  }
  return {
    ...common,
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.oauthbearer.method': 'oidc',
    'sasl.oauthbearer.client.id': who,
    'sasl.oauthbearer.client.secret': secret,
    'sasl.oauthbearer.token.endpoint.url': `${system.sandbox.parts.issuer.issuer}/token`,
  }
}

/** kcat with the client file of somebody. `input` is a record per line. */
export function runKcat(system: System, who: string, args: readonly string[], input = ''): Promise<Ran<never>> {
  return run('kcat', ['-F', system.properties(who), '-b', system.bootstrap, ...args], input)
}

/** Records as `-f '%p %o %s\n'` prints them. */
export const kcatFormat = String.raw`%p %o %s\n`
export function readKcat(stdout: string): Seen[] {
  return [...stdout.matchAll(/^(\d+) (\d+) (.*)$/gm)].map(([, partition, offset, value]) => ({
    partition: Number(partition),
    offset: Number(offset),
    value: value as string,
  }))
}

/** Java's console producer, with idempotence as it is by default, and one compressed batch of `<client id>:<number>`. */
export async function runConsoleProducer(
  system: System,
  { who, clientId }: { readonly who: string; readonly clientId: string },
  topic: string,
  count: number,
): Promise<Ran<never>> {
  const fromMs = Date.now()
  const input = Array.from({ length: count }, (_, index) => `${clientId}:${index}\n`).join('')
  const args = ['--topic', topic, '--compression-codec', 'zstd', '--command-property', `client.id=${clientId}`]
  const ran = await system.tool('kafka-console-producer', who, args, { input })
  return { ...ran, lines: [], fromMs, toMs: Date.now() }
}

/** Java's console consumer: reads so many records from the beginning; its client id is the tool's own. */
export async function runConsoleConsumer(
  system: System,
  { who, group = '' }: { readonly who: string; readonly group?: string },
  topic: string,
  count: number,
): Promise<Ran<{ offset: number }>> {
  const fromMs = Date.now()
  const ran = await system.tool('kafka-console-consumer', who, [
    ...['--topic', topic, '--group', group, '--from-beginning', '--max-messages', String(count)],
    ...['--formatter-property', 'print.offset=true', '--timeout-ms', '30000'],
  ])
  const lines = [...ran.stdout.matchAll(/Offset:(\d+)/g)].map(([, offset]) => ({ offset: Number(offset) }))
  return { ...ran, lines, fromMs, toMs: Date.now() }
}

async function run<Line>(command: string, args: readonly string[], input = ''): Promise<Ran<Line>> {
  const fromMs = Date.now()
  const finished = await runProcess(command, args, { input, timeoutMs: clientTimeoutMs })
  const lines = finished.stdout.split('\n').filter((line) => line.startsWith('{'))
  return { ...finished, lines: lines.map((line) => JSON.parse(line) as Line), fromMs, toMs: Date.now() }
}
