import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { needs, startDevIssuer, startKafka } from '@weir/testing'
import type { DevIssuer, Kafka } from '@weir/testing'
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
import { describeProgram } from './program.ts'
import type { Program } from './program.ts'
import { createTopics } from './topics.ts'

export type Service = { readonly name: string; readonly address: string; readonly ready: string }

export type SandboxOptions = {
  /** The first of the ports; without it those that the documentation names. */
  readonly portBase: number | undefined
  readonly folder: string
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** PostgreSQL for the control plane, instead of its embedded database. */
  readonly databaseUrl?: string
  /** Lifetime of the issuer's access tokens; default 3600. */
  readonly accessTokenSeconds?: number
  /** Laid over the broker's server.properties. */
  readonly brokerProperties?: Readonly<Record<string, string>>
}

export type Sandbox = {
  readonly ports: Ports
  readonly folders: Folders
  readonly services: readonly Service[]
  /** What could not start, and the command that fixes it. */
  readonly missing: readonly string[]
  /** Resolves with the reason when a service ends by itself. */
  readonly failed: Promise<string>
  readonly parts: {
    readonly issuer: DevIssuer
    readonly controlPlane: Program
    readonly kafka: Kafka | undefined
    readonly kafkaGateway: Program | undefined
  }
  stop(): Promise<void>
}

const brokerCredential = { username: 'weir-gateway', password: 'only-the-gateway-knows' }
const source = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

type Run = SandboxOptions & {
  readonly ports: Ports
  readonly folders: Folders
  /** Told when a service ends by itself. */
  readonly fail: (reason: string) => void
  /** Everything that was started, in that order. */
  readonly started: { stop(): Promise<unknown> }[]
}

/**
 * Brings up issuer, broker, control plane and gateway, and writes the client files. Rejects, with nothing left running, when a
 * port is taken or one of them does not start. Where the broker cannot be had, the rest starts and `missing` says why.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const ports = choosePorts(options.portBase)
  const folders = foldersIn(options.folder)
  await refuseTakenPorts(ports)
  prepareFolders(folders)
  const { promise: failed, resolve: fail } = Promise.withResolvers<string>()
  const run: Run = { ...options, ports, folders, fail, started: [] }
  const stop = async () => {
    rmSync(folders.state, { force: true })
    for (const part of run.started.toReversed()) await part.stop()
  }
  try {
    return { ports, folders, failed, stop, ...(await startAll(run)) }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startAll(run: Run): Promise<Pick<Sandbox, 'parts' | 'services' | 'missing'>> {
  const { ports, folders, signal, started } = run
  const issuer = await startIssuer(run)
  signal.throwIfAborted()
  const kafka = await startBroker(run)
  signal.throwIfAborted()
  const upstream = { bootstrap: `127.0.0.1:${ports.broker}`, ...brokerCredential }
  const files = writeConfiguration(ports, folders, upstream, run.databaseUrl)

  const launch = async (name: string, app: string, config: string, readyUrl: string) => {
    run.say(`Starting the ${name} …`)
    const entry = source(`apps/${app}/src/main.ts`)
    const logFile = join(folders.logs, `${app}.log`)
    const program = describeProgram({ name, entry, config, readyUrl, logFile, signal, onEnd: run.fail })
    started.push(program)
    await program.start()
    return program
  }
  const ready = (port: number) => `http://127.0.0.1:${port}/readyz`
  const controlPlaneReady = ready(ports.controlPlaneAdmin)
  const controlPlane = await launch('control plane', 'control-plane', files.controlPlane, controlPlaneReady)
  const services: Service[] = [
    { name: 'Control plane', address: controlPlaneUrl(ports), ready: controlPlaneReady },
    { name: 'Dev issuer', address: issuerUrl(ports), ready: `${issuerUrl(ports)}/.well-known/openid-configuration` },
  ]
  let kafkaGateway: Program | undefined
  if (!('missing' in kafka)) {
    await createTopics(kafka)
    kafkaGateway = await launch('Kafka gateway', 'kafka-gateway', files.kafkaGateway, ready(ports.kafkaAdmin))
    services.unshift({ name: 'Kafka gateway', address: `127.0.0.1:${ports.kafka}`, ready: ready(ports.kafkaAdmin) })
  }
  await writeClientFiles(ports, folders, (subject, audience, lifetimeS) =>
    issuer.token(subject, { audience, expiresInSeconds: lifetimeS }),
  )
  writeState(ports, folders, services)
  const broker = 'missing' in kafka ? undefined : kafka
  return {
    parts: { issuer, controlPlane, kafka: broker, kafkaGateway },
    services,
    missing: 'missing' in kafka ? [kafka.missing] : [],
  }
}

async function startIssuer({ ports, accessTokenSeconds, started }: Run): Promise<DevIssuer> {
  const issuer = await startDevIssuer({
    port: ports.issuer,
    people: people.map(({ subject, groups }) => ({ subject, groups: [...groups] })),
    machines,
    audiences: [clientAudience, controlPlaneAudience],
    ...(accessTokenSeconds !== undefined && { accessTokenSeconds }),
  })
  started.push(issuer)
  return issuer
}

/** The broker, fetched first where it is not in the cache. That it cannot be had is an answer: the rest starts without it. */
async function startBroker(run: Run): Promise<Kafka | { missing: string }> {
  const { ports, folders, started } = run
  const unavailable = (why: string) => ({
    missing: `Apache Kafka and its gateway. ${why} They need Java 17 and Maven (Debian: apt-get install default-jdk-headless maven).`,
  })
  if (!needs('java')) return unavailable('There is no Java 17 or later here.')
  run.say(
    needs('kafka') ? 'Starting Apache Kafka …' : 'Fetching Apache Kafka through Maven (54 MB, once) and starting it …',
  )
  try {
    const kafka = await startKafka({
      dir: join(folders.data, 'kafka'),
      port: ports.broker,
      credential: brokerCredential,
      properties: { 'auto.create.topics.enable': 'true', ...run.brokerProperties },
    })
    started.push(kafka)
    return kafka
  } catch (error) {
    // It is in the cache now, so what failed is the broker itself.
    if (needs('kafka')) throw error
    return unavailable((error as Error).message)
  }
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
