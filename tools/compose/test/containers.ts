/** The services of the compose file as processes: their commands, environments and configurations, at the places of this machine. */
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, kafkaTool, runProcess, startKafka, startPostgres, startProcess } from '@weir/testing'
import type { Kafka, Postgres, RunningProcess } from '@weir/testing'
import { kafkaProperties } from '../src/kafka-properties.ts'
import { Places } from '../src/places.ts'
import { compose, root, stages } from './files.ts'

/** Those that share the network of the control plane are one pod. */
const pod = 'control-plane'

export type Containers = {
  readonly places: Places
  readonly kafka: Kafka
  /** Runs the command of a service to its end. */
  run(service: string): Promise<{ code: number | null; output: string }>
  /** Starts a service and waits until its own health check says that it is well. */
  start(service: string): Promise<RunningProcess>
  stop(): Promise<void>
}

/** Starts the servers that are not ours and prepares the places; `folder` is an empty one. */
export async function prepareContainers(folder: string): Promise<Containers> {
  const running: { stop(): Promise<unknown> }[] = []
  const stop = async () => {
    for (const part of running.toReversed()) await part.stop()
  }
  try {
    const postgres = await startPostgres()
    running.push(postgres)
    const places = await choosePlaces(folder, postgres)
    writeDeployFolder(folder, places)
    const kafka = await startBroker(places)
    running.push(kafka)
    const start = async (service: string) => {
      const started = await startService(service, places)
      running.push(started)
      await waitUntilHealthy(service, started, places)
      return started
    }
    return { places, kafka, run: (service) => runService(service, places), start, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function choosePlaces(folder: string, postgres: Postgres): Promise<Places> {
  const kafkaPort = await freePort()
  const podPorts = await mapPorts([8080, 8081, 8090, 8091, 9092, 9094])
  const { port: postgresPort, pathname } = new URL(postgres.url)
  return new Places({
    networks: {
      postgres: { 5432: Number(postgresPort) },
      kafka: { 9092: kafkaPort, 9093: await freePort() },
      [pod]: podPorts,
    },
    texts: [
      ['/etc/weir', join(folder, 'etc')],
      ['/var/lib/weir', join(folder, 'var')],
      ['/opt/weir/control-plane', join(root, 'apps', 'control-plane', 'dist')],
      ['/opt/weir/kafka-gateway', join(root, 'apps', 'kafka-gateway', 'dist')],
      ['/opt/weir/dev-issuer', join(root, 'tools', 'dev-issuer', 'dist')],
      ['/opt/kafka/bin/kafka-topics.sh', kafkaTool('kafka-topics')],
      // The throw-away server has one database, of this name.
      ['@postgres:5432/weir', `@postgres:5432${pathname}`],
      // Broker n is served at this port + n, and here broker 1 is at the port that stands for 9094.
      ['brokerPortBase: 9093', `brokerPortBase: ${(podPorts[9094] ?? 0) - 1}`],
    ],
  })
}

async function mapPorts(ports: readonly number[]): Promise<Record<number, number>> {
  const mapped: Record<number, number> = {}
  for (const port of ports) mapped[port] = await freePort()
  return mapped
}

function writeDeployFolder(folder: string, places: Places): void {
  const etc = join(folder, 'etc')
  cpSync(join(root, 'deploy'), etc, { recursive: true })
  for (const entry of readdirSync(etc, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    writeFileSync(path, places.translate(readFileSync(path, 'utf8'), pod))
  }
  // The Dockerfile makes these folders.
  mkdirSync(join(folder, 'var'))
}

/** A broker with the settings of the compose file; what the launcher of the tests sets besides them only makes it start faster. */
function startBroker(places: Places): Promise<Kafka> {
  const environment = places.translateEnvironment(compose.services['kafka']?.environment ?? {}, 'kafka')
  const { 'log.dirs': _folder, ...properties } = kafkaProperties(environment)
  const credential = {
    username: 'weir-gateway',
    password: /user_weir-gateway="([^"]+)"/.exec(JSON.stringify(properties).replaceAll('\\', ''))?.[1] ?? '',
  }
  return startKafka({ port: places.port('kafka', 9092), credential, properties })
}

function processOf(
  service: string,
  places: Places,
): { command: string; args: string[]; env: Record<string, string | undefined> } {
  const { build, entrypoint, command, environment = {} } = compose.services[service] ?? {}
  const stage = stages.get(build?.target ?? '')
  const whole = [...(entrypoint ?? stage?.entrypoint ?? []), ...(command ?? stage?.command ?? [])]
  const [program = '', ...args] = places.translateCommand(whole, pod)
  const env = places.translateEnvironment({ ...stage?.env, ...environment }, pod)
  // Nothing of this process's environment but where programs are: a container has its own only.
  const none = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]))
  const { PATH, HOME, JAVA_HOME } = process.env
  return {
    command: program === 'node' ? process.execPath : program,
    args,
    env: { ...none, PATH, HOME, JAVA_HOME, ...env },
  }
}

function startService(service: string, places: Places): Promise<RunningProcess> {
  const { command, args, env } = processOf(service, places)
  return startProcess(command, args, { env })
}

async function runService(service: string, places: Places): Promise<{ code: number | null; output: string }> {
  const { command, args, env } = processOf(service, places)
  const { code, stdout, stderr } = await runProcess(command, args, { env, timeoutMs: 90_000 })
  return { code, output: stdout + stderr }
}

async function waitUntilHealthy(service: string, started: RunningProcess, places: Places): Promise<void> {
  const [, ...check] = compose.services[service]?.healthcheck?.test ?? []
  if (check.length === 0) return
  const [, ...args] = places.translateCommand(check, pod)
  for (let attempt = 0; attempt < 60; attempt++) {
    const { code } = await runProcess(process.execPath, args)
    if (code === 0) return
    if (!started.running) break
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  throw new Error(`${service} did not become healthy:\n${started.output()}`)
}
