import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { needs, startDevIssuer, startKafka, startProcess } from '@weir/testing'
import type { Kafka, RunningProcess } from '@weir/testing'
import { writeClientFiles } from './clients.ts'
import {
  clientAudience,
  controlPlaneAudience,
  controlPlaneUrl,
  issuerUrl,
  writeConfiguration,
} from './configuration.ts'
import { choosePorts, foldersIn, namedPorts } from './layout.ts'
import type { Folders, Ports } from './layout.ts'
import { firstPolicy, machines, people } from './people.ts'
import { createTopics } from './topics.ts'

export type Service = { readonly name: string; readonly address: string; readonly ready: string }

export type Sandbox = {
  readonly ports: Ports
  readonly folders: Folders
  readonly services: readonly Service[]
  /** What could not start, and the command that fixes it. */
  readonly missing: readonly string[]
  /** Resolves with the reason when a service ends by itself. */
  readonly failed: Promise<string>
  stop(): Promise<void>
}

const readyTimeoutMs = 90_000
const brokerCredential = { username: 'weir-gateway', password: 'only-the-gateway-knows' }
const source = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

type Started = { readonly name: string; stop(): Promise<unknown> }

export async function startSandbox(options: {
  portBase: number | undefined
  folder: string
  signal: AbortSignal
  say: (line: string) => void
}): Promise<Sandbox> {
  const { say, signal } = options
  const ports = choosePorts(options.portBase)
  const folders = foldersIn(options.folder)
  await refuseTakenPorts(ports)
  prepareFolders(folders)
  const started: Started[] = []
  const stop = async () => {
    rmSync(folders.state, { force: true })
    for (const part of started.toReversed()) await part.stop()
  }
  try {
    return await startAll({ ports, folders, started, stop, say, signal })
  } catch (error) {
    await stop()
    throw error
  }
}

async function startAll(parts: {
  ports: Ports
  folders: Folders
  started: Started[]
  stop: () => Promise<void>
  say: (line: string) => void
  signal: AbortSignal
}): Promise<Sandbox> {
  const { ports, folders, started, stop, say, signal } = parts
  let fail: (reason: string) => void = () => undefined
  const failed = new Promise<string>((resolve) => {
    fail = resolve
  })

  const issuer = await startDevIssuer({
    port: ports.issuer,
    people: people.map(({ subject, groups }) => ({ subject, groups: [...groups] })),
    machines: machines.map(({ clientId, clientSecret, groups }) => ({ clientId, clientSecret, groups: [...groups] })),
    audiences: [clientAudience, controlPlaneAudience],
  })
  started.push({ name: 'dev issuer', stop: () => issuer.stop() })
  signal.throwIfAborted()

  const kafka = await startBroker(ports, folders, started, say)
  signal.throwIfAborted()
  const bootstrap = `127.0.0.1:${ports.broker}`
  const files = writeConfiguration(ports, folders, { bootstrap, ...brokerCredential })

  const launch = async (name: string, app: string, config: string, admin: number) => {
    const logFile = join(folders.logs, `${app}.log`)
    say(`Starting the ${name} …`)
    const running = await startProcess(process.execPath, [source(`apps/${app}/src/main.ts`), '--config', config], {
      logFile,
    })
    started.push({ name, stop: () => running.stop() })
    void running.exited.then(() => fail(`The ${name} ended by itself; see ${logFile}.`))
    await waitUntilReady(name, `http://127.0.0.1:${admin}/readyz`, running, logFile, signal)
  }
  await launch('control plane', 'control-plane', files.controlPlane, ports.controlPlaneAdmin)
  const services: Service[] = [
    {
      name: 'Control plane',
      address: controlPlaneUrl(ports),
      ready: `http://127.0.0.1:${ports.controlPlaneAdmin}/readyz`,
    },
    { name: 'Dev issuer', address: issuerUrl(ports), ready: `${issuerUrl(ports)}/.well-known/openid-configuration` },
  ]
  const missing: string[] = []
  if (kafka === undefined) {
    missing.push(
      'Apache Kafka and its gateway: they need Java 17 and Maven (Debian: apt-get install default-jdk-headless maven).',
    )
  } else {
    await createTopics(kafka)
    await launch('Kafka gateway', 'kafka-gateway', files.kafkaGateway, ports.kafkaAdmin)
    services.unshift({
      name: 'Kafka gateway',
      address: `127.0.0.1:${ports.kafka}`,
      ready: `http://127.0.0.1:${ports.kafkaAdmin}/readyz`,
    })
  }
  await writeClientFiles(ports, folders, (subject, audience, lifetimeS) =>
    issuer.token(subject, { audience, expiresInSeconds: lifetimeS }),
  )
  writeState(ports, folders, services)
  return { ports, folders, services, missing, failed, stop }
}

async function startBroker(
  ports: Ports,
  folders: Folders,
  started: Started[],
  say: (line: string) => void,
): Promise<Kafka | undefined> {
  if (!needs('kafka')) return undefined
  say('Starting Apache Kafka …')
  const kafka = await startKafka({
    dir: join(folders.data, 'kafka'),
    port: ports.broker,
    credential: brokerCredential,
    properties: { 'auto.create.topics.enable': 'true' },
  })
  started.push({ name: 'Apache Kafka', stop: () => kafka.stop() })
  return kafka
}

async function refuseTakenPorts(ports: Ports): Promise<void> {
  const taken: string[] = []
  for (const [what, port] of namedPorts(ports)) if (!(await isFree(port))) taken.push(`${port} (${what})`)
  if (taken.length === 0) return
  const are = taken.length === 1 ? `Port ${taken[0]} is` : `Ports ${taken.join(', ')} are`
  throw new Error(`${are} in use by another process. Choose others: npm start -- --port-base 20000`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function prepareFolders(folders: Folders): void {
  for (const folder of [folders.config, folders.clients, folders.secrets, folders.data, folders.logs]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
  rmSync(folders.state, { force: true })
  if (!existsSync(folders.policy)) writeFileSync(folders.policy, firstPolicy)
}

async function waitUntilReady(
  name: string,
  url: string,
  running: RunningProcess,
  logFile: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs
  while (Date.now() < deadline) {
    signal.throwIfAborted()
    if (!running.running) {
      throw new Error(
        `The ${name} did not start:\n${running.output().trimEnd().split('\n').slice(-10).join('\n')}\nIts log: ${logFile}`,
      )
    }
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`The ${name} was not ready within ${readyTimeoutMs / 1000} s; see ${logFile}.`)
}

function writeState(ports: Ports, folders: Folders, services: readonly Service[]): void {
  const state = {
    pid: process.pid,
    ready: true,
    controlPlane: controlPlaneUrl(ports),
    issuer: issuerUrl(ports),
    kafka: `127.0.0.1:${ports.kafka}`,
    controlPlaneAudience,
    services,
    clients: folders.clients,
  }
  writeFileSync(folders.state, `${JSON.stringify(state, undefined, 2)}\n`)
}
