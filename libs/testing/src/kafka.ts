import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaTool, resolveKafka } from './kafka-distribution.ts'
import { clientProperties, serverProperties } from './kafka-properties.ts'
import type { NodePorts } from './kafka-properties.ts'
import { freePort } from './ports.ts'
import { runProcess, startProcess } from './process.ts'
import type { Finished, ProcessOptions, RunningProcess } from './process.ts'
import { findJava } from './programs.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A user and password of the broker. Neither may hold a quote, a comma or a bracket: both stand in Kafka's own notations. */
export type Credential = { readonly username: string; readonly password: string }

/** PEM texts. The key is PKCS #8, which is all that Kafka reads. */
export type BrokerTls = {
  /** Signed `certificate`; who else it signed may connect where `clientCertificates` is on. */
  readonly authority: string
  readonly certificate: string
  readonly key: string
  readonly clientCertificates?: boolean
}

/** A cluster as a test needs it. All of it has defaults. */
export type KafkaOptions = {
  /** 1; node 1 is the controller too. */
  readonly brokers?: number
  /** Keeps the data here and reuses what is there (with the same `credential`). Without it the data goes at `stop()`. */
  readonly dir?: string
  /** The client listener of node n is on `port + n - 1`. Without it any free ports. */
  readonly port?: number
  /** Laid over ours, on every node: for example `{ 'auto.create.topics.enable': 'false' }` (Kafka's default is true). */
  readonly properties?: Readonly<Record<string, string>>
  /** Who may connect, by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512, and is a super user where `authorizer` is on. */
  readonly credential?: Credential
  /** More users that may connect, by PLAIN only, without rights of their own where `authorizer` is on. */
  readonly users?: readonly Credential[]
  /** The listener that demands a credential speaks TLS. */
  readonly tls?: BrokerTls
  /** Kafka's own ACLs decide (StandardAuthorizer), and deny what no ACL allows. */
  readonly authorizer?: boolean
  /**
   * Further listeners by name (capital letters) that demand nothing, for measurements. One with `advertisedPort` tells
   * clients to come back to that port (node n: `+ n - 1`), so that a relay in front of it stays in the path.
   */
  readonly plainListeners?: Readonly<Record<string, { readonly advertisedPort?: number }>>
  /** Java's options for each node. The default starts fast in little memory; a measurement wants the full compiler and more heap. */
  readonly jvmOptions?: readonly string[]
}

/** One broker, by its addresses. */
export type KafkaBroker = {
  readonly id: number
  readonly host: string
  /** The listener that demands a credential. */
  readonly port: number
  /** The listeners that demand nothing, by name. */
  readonly plainPorts: Readonly<Record<string, number>>
}

/** A running Apache Kafka. */
export type Kafka = {
  /** `host:port` of node 1's listener, which demands `credential`. */
  readonly bootstrap: string
  readonly brokers: readonly KafkaBroker[]
  readonly credential: Credential
  readonly admin: {
    /** Runs a stock tool as `credential` against this cluster: `run('kafka-topics', ['--list'])`. Its exit code is the caller's to check. */
    run(tool: string, args: readonly string[], options?: ProcessOptions & { timeoutMs?: number }): Promise<Finished>
    /** The same, rejecting when the tool exits with anything but 0; gives its standard output. */
    expect(tool: string, args: readonly string[], options?: ProcessOptions & { timeoutMs?: number }): Promise<string>
  }
  /**
   * Ends one node at once, as a crash would; `startNode` brings it back on the same data and port, which takes the 9 s
   * after which the controller believes that the old one is gone.
   */
  killNode(id: number): Promise<void>
  startNode(id: number): Promise<void>
  /** What the nodes logged, for a failure's message. */
  log(): string
  stop(): Promise<void>
}

const startLimitMs = 90_000
const fastStart = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/**
 * Starts Apache Kafka 4.3.1 (KRaft) on loopback and waits until every broker serves. Fetches it first when it is not in
 * the cache. Throws when Java or Maven is missing, or with the broker's log when it does not come up within 90 s.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const java = findJava()
  if (java === undefined) throw new Error('Apache Kafka needs Java 17 or later, and there is none on PATH.')
  const libs = await resolveKafka()
  const temporary = options.dir === undefined ? temporaryFolder() : undefined
  const dir = options.dir ?? temporary!.path
  const credential = options.credential ?? { username: 'gateway', password: 'gateway-to-broker' }
  const nodes = await choosePorts(options)

  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'admin.properties'), clientProperties(credential, options.tls), { mode: 0o600 })
  for (let id = 1; id <= nodes.length; id++) {
    const text = serverProperties(id, nodes, { ...options, credential }, join(dir, `node-${id}`))
    writeFileSync(join(dir, `node-${id}.properties`), text, { mode: 0o600 })
  }
  await format(dir, nodes.length, credential)

  const running = new Map<number, RunningProcess>()
  const startNode = async (id: number) => {
    const jvm = [...(options.jvmOptions ?? fastStart), '-XX:-UsePerfData', ...logSettings, '-cp', `${libs}/*`]
    const node = await startProcess(java, [...jvm, 'kafka.Kafka', join(dir, `node-${id}.properties`)], {
      logFile: join(dir, `node-${id}.log`),
    })
    running.set(id, node)
    await node.waitFor(/Kafka Server started/, startLimitMs)
  }
  const stop = async () => {
    // Data that is thrown away needs no orderly shutdown, which takes seconds.
    const signal = temporary === undefined ? 'SIGTERM' : 'SIGKILL'
    await Promise.all([...running.values()].map((node) => node.stop(signal)))
    temporary?.remove()
  }
  try {
    // The brokers retry with growing pauses until the controller answers, so it goes first.
    await startNode(1)
    await Promise.all(nodes.slice(1).map((_, index) => startNode(index + 2)))
  } catch (error) {
    await stop()
    throw error
  }

  const bootstrap = `127.0.0.1:${nodes[0]!.client}`
  return {
    bootstrap,
    brokers: nodes.map((node, index) => ({
      id: index + 1,
      host: '127.0.0.1',
      port: node.client,
      plainPorts: node.plain,
    })),
    credential,
    admin: adminTools(bootstrap, join(dir, 'admin.properties')),
    async killNode(id) {
      await running.get(id)?.stop('SIGKILL')
    },
    startNode,
    log: () => [...running.values()].map((node) => node.output()).join('\n'),
    stop,
  }
}

function adminTools(bootstrap: string, properties: string): Kafka['admin'] {
  const run: Kafka['admin']['run'] = (tool, args, options) =>
    runProcess(kafkaTool(tool), ['--bootstrap-server', bootstrap, '--command-config', properties, ...args], options)
  return {
    run,
    async expect(tool, args, options) {
      const { code, stdout, stderr } = await run(tool, args, options)
      if (code !== 0) throw new Error(`${tool} ${args.join(' ')} exited with ${code}:\n${stdout}${stderr}`)
      return stdout
    },
  }
}

async function choosePorts(options: KafkaOptions): Promise<NodePorts[]> {
  const nodes: NodePorts[] = []
  for (let index = 0; index < (options.brokers ?? 1); index++) {
    const plain: Record<string, number> = {}
    for (const name of Object.keys(options.plainListeners ?? {})) plain[name] = await freePort()
    const client = options.port === undefined ? await freePort() : options.port + index
    nodes.push({ client, controller: await freePort(), plain })
  }
  return nodes
}

/**
 * Writes what a node needs before its first start. Node 1 carries the cluster's first records, the SCRAM users among
 * them; a broker needs its identity only, and writing that by hand saves a Java start per broker.
 */
async function format(dir: string, brokers: number, credential: Credential): Promise<void> {
  const first = join(dir, 'node-1', 'meta.properties')
  if (!existsSync(first)) {
    const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${credential.username},password=${credential.password}]`,
    ])
    const args = ['format', '--cluster-id', uuid(), '--config', join(dir, 'node-1.properties'), ...users]
    const { code, stdout, stderr } = await runProcess(kafkaTool('kafka-storage'), args)
    if (code !== 0) throw new Error(`kafka-storage format exited with ${code}:\n${stdout}${stderr}`)
  }
  const clusterId = /^cluster\.id=(.+)$/m.exec(readFileSync(first, 'utf8'))![1]!
  for (let id = 2; id <= brokers; id++) {
    const folder = join(dir, `node-${id}`)
    if (existsSync(join(folder, 'meta.properties'))) continue
    mkdirSync(folder, { recursive: true })
    const lines = ['version=1', `cluster.id=${clusterId}`, `node.id=${id}`, `directory.id=${uuid()}`]
    writeFileSync(join(folder, 'meta.properties'), `${lines.join('\n')}\n`)
  }
}

/** Kafka's text form of a UUID: 16 bytes in base64url. A leading `-` would read as an option. */
function uuid(): string {
  const text = randomBytes(16).toString('base64url')
  return text.startsWith('-') ? uuid() : text
}

const logSettings = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  // The line that says that the broker serves.
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=[yyyy-MM-dd HH:mm:ss,SSS]',
]
