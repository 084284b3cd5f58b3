/**
 * Writes vectors/captured-frames.json: real clients (the Java tools, librdkafka, kafkajs) talk to a real broker through a relay that
 * keeps one frame for each API, version and direction. Run it when a client or the broker has news; it takes some minutes.
 * The only credential in it is the one that the test broker is started with.
 */
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { freePort, kafkaTool, runProcess, startKafka, temporaryFolder } from '@weir/testing'
import { apiByKey, FrameAssembler, produce, readRequestHeader, SlabPool, walkProduceRequest } from '../src/index.ts'

/** Long frames show nothing that shorter ones of the same kind do not. */
const maxKeptBytes = 12_000

const kept = new Map<string, Buffer>()
const pool = new SlabPool()

function keep(api: number, version: number, direction: string, frame: Buffer): void {
  const name = apiByKey(api)?.name
  if (name === undefined || frame.length > maxKeptBytes) return
  const title = `${String(api).padStart(2, '0')} ${name} v${version} ${direction}`
  // The longest has the most in it: fewest empty arrays and nulls.
  if ((kept.get(title)?.length ?? 0) < frame.length) kept.set(title, Buffer.from(frame))
}

/** Relays one connection and keeps its frames. Responses come in request order, so a queue tells what each one answers. */
function relay(client: Socket, brokerPort: number): void {
  const broker = connect(brokerPort, '127.0.0.1')
  const pending: { api: number; version: number }[] = []
  const end = (): void => {
    client.destroy()
    broker.destroy()
  }
  const follow = (from: Socket, to: Socket, onFrame: (frame: Buffer) => void): void => {
    const assembler = new FrameAssembler({ pool, maxFrameBytes: 100 * 1024 * 1024 })
    from.on('data', (chunk) => {
      assembler.write(chunk)
      for (let frame = assembler.next(); frame !== undefined; frame = assembler.next()) {
        onFrame(frame.bytes)
        frame.release()
      }
      to.write(chunk)
    })
    from.on('error', end)
    from.on('close', end)
  }
  follow(client, broker, (frame) => {
    const { apiKey: api, apiVersion: version, bodyOffset } = readRequestHeader(frame, 4)
    keep(api, version, 'request', frame)
    const silent = api === produce.key && walkProduceRequest(frame, bodyOffset, version).acks === 0
    if (!silent) pending.push({ api, version })
  })
  follow(broker, client, (frame) => {
    const answered = pending.shift()
    if (answered !== undefined) keep(answered.api, answered.version, 'response', frame)
  })
}

async function startRelay(port: number, brokerPort: number): Promise<Server> {
  const server = createServer((client) => relay(client, brokerPort))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

async function run(command: string, args: readonly string[], input = ''): Promise<void> {
  const { code, stderr } = await runProcess(command, args, {
    input,
    timeoutMs: 60_000,
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
  })
  process.stdout.write(
    `${code === 0 ? 'ok  ' : `${code}`.padEnd(4)} ${command.split('/').at(-1)} ${args.slice(0, 6).join(' ').slice(0, 150).replaceAll('\n', ' ')}\n`,
  )
  if (code !== 0) process.stdout.write(stderr.slice(0, 300))
}

const lines = Array.from({ length: 12 }, (_, index) => `key-${index}:value ${index}`).join('\n')

/** What the Java tools are asked, one after the other, when there are records. */
const javaCommands = `
kafka-producer-perf-test --topic orders --num-records 20 --record-size 20 --throughput -1 --transaction-duration-ms 50
kafka-console-consumer --topic orders --from-beginning --timeout-ms 4000 --group classic
kafka-console-consumer --topic orders --from-beginning --timeout-ms 4000 --group modern --consumer-property group.protocol=consumer
kafka-console-consumer --topic orders --from-beginning --timeout-ms 4000 --isolation-level read_committed
kafka-console-share-consumer --topic orders --group shared --timeout-ms 4000
kafka-consumer-groups --describe --group classic --verbose --members
kafka-consumer-groups --describe --group modern --verbose --members
kafka-consumer-groups --list --state
kafka-consumer-groups --describe --all-groups
kafka-consumer-groups --reset-offsets --to-earliest --group classic --topic orders --execute
kafka-consumer-groups --delete-offsets --group classic --topic orders
kafka-consumer-groups --delete --group classic
kafka-share-groups --describe --all-groups
kafka-topics --describe
kafka-topics --alter --topic orders --partitions 4
kafka-configs --describe --topic orders --all
kafka-configs --alter --topic orders --add-config retention.ms=7200000
kafka-configs --alter --add-config producer_byte_rate=1048576 --entity-type clients --entity-name x
kafka-configs --describe --entity-type clients
kafka-configs --alter --add-config SCRAM-SHA-256=[password=test] --entity-type users --entity-name x
kafka-configs --describe --entity-type users
kafka-get-offsets --topic orders --time -1
kafka-log-dirs --describe
kafka-transactions list
kafka-transactions describe-producers --topic orders --partition 0
kafka-features describe
kafka-metadata-quorum describe --status
kafka-acls --list
kafka-broker-api-versions
kafka-client-metrics --list
kafka-leader-election --election-type preferred --all-topic-partitions
kafka-reassign-partitions --list
`

async function runJavaTools(bootstrap: string, folder: string): Promise<void> {
  const tool = (name: string, ...args: string[]): Promise<void> =>
    run(kafkaTool(name), ['--bootstrap-server', bootstrap, ...args])
  const write = (...args: string[]): Promise<void> =>
    run(kafkaTool('kafka-console-producer'), ['--bootstrap-server', bootstrap, '--topic', 'orders', ...args], lines)

  await tool('kafka-topics', '--create', '--topic', 'orders', '--partitions', '3', '--config', 'retention.ms=3600000')
  await tool('kafka-topics', '--create', '--topic', 'brief')
  const keyed = ['--reader-property', 'parse.key=true', '--reader-property', 'key.separator=:']
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) await write('--compression-codec', codec, ...keyed)
  await write('--request-required-acks', '0')

  for (const line of javaCommands.trim().split('\n')) {
    const [name = '', ...args] = line.split(' ')
    await tool(name, ...args)
  }
  await run(kafkaTool('kafka-cluster'), ['cluster-id', '--bootstrap-server', bootstrap])
  const offsets = `${folder}/offsets.json`
  writeFileSync(offsets, '{"version":1,"partitions":[{"topic":"orders","partition":0,"offset":1}]}')
  await tool('kafka-delete-records', '--offset-json-file', offsets)
  await tool('kafka-topics', '--delete', '--topic', 'brief')
}

const kafkajsScript = `
import kafkajs from 'kafkajs'
const kafka = new kafkajs.Kafka({ brokers: [process.argv[1]], clientId: 'kafkajs', logLevel: 0 })
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic: 'js', numPartitions: 2 }] })
const producer = kafka.producer({ idempotent: true })
await producer.connect()
await producer.send({ topic: 'js', messages: [{ key: 'a', value: 'b' }, { value: 'c', headers: { h: 'v' } }] })
await producer.disconnect()
const consumer = kafka.consumer({ groupId: 'js' })
await consumer.connect()
await consumer.subscribe({ topic: 'js', fromBeginning: true })
const alive = setInterval(() => {}, 1000)
await new Promise((resolve) => void consumer.run({ autoCommitThreshold: 1, eachMessage: async () => resolve() }))
await new Promise((resolve) => setTimeout(resolve, 4000))
await admin.describeGroups(['js'])
await consumer.disconnect()
await admin.describeConfigs({ resources: [{ type: 2, name: 'js' }] })
await admin.listGroups()
await admin.fetchOffsets({ groupId: 'js' })
await admin.fetchTopicOffsets('js')
await admin.createPartitions({ topicPartitions: [{ topic: 'js', count: 3 }] })
await admin.deleteGroups(['js'])
await admin.deleteTopics({ topics: ['js'] })
await admin.disconnect()
clearInterval(alive)
`

async function runOtherClients(bootstrap: string): Promise<void> {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    await run('kcat', ['-b', bootstrap, '-P', '-t', 'orders', '-z', codec, '-K:', '-X', 'linger.ms=50'], lines)
  }
  await run(
    'kcat',
    ['-b', bootstrap, '-P', '-t', 'orders', '-X', 'enable.idempotence=true', '-X', 'transactional.id=kcat-tx'],
    lines,
  )
  await run('kcat', ['-b', bootstrap, '-L'])
  await run('kcat', ['-b', bootstrap, '-Q', '-t', 'orders:0:-1'])
  await run('kcat', ['-b', bootstrap, '-C', '-t', 'orders', '-e', '-o', 'beginning'])
  await run('kcat', ['-b', bootstrap, '-G', 'kcat-group', '-e', '-X', 'auto.offset.reset=earliest', 'orders'])
  await run(process.execPath, ['--input-type=module', '-e', kafkajsScript, bootstrap])
}

async function runAuthenticated(bootstrap: string, username: string, password: string, folder: string): Promise<void> {
  const login = (module: string) =>
    `org.apache.kafka.common.security.${module} required username="${username}" password="${password}";`
  const file = `${folder}/client.properties`
  writeFileSync(
    file,
    `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=${login('plain.PlainLoginModule')}\n`,
  )
  await run(kafkaTool('kafka-topics'), ['--bootstrap-server', bootstrap, '--list', '--command-config', file])
  const sasl = ['-X', 'security.protocol=SASL_PLAINTEXT', '-X', 'sasl.mechanism=PLAIN']
  await run('kcat', [
    '-b',
    bootstrap,
    '-L',
    ...sasl,
    '-X',
    `sasl.username=${username}`,
    '-X',
    `sasl.password=${password}`,
  ])
}

const relayPort = await freePort()
const loginRelayPort = await freePort()
const folder = temporaryFolder()
const kafka = await startKafka({ plainListeners: { CAPTURE: { advertisedPort: relayPort } } })
const [broker] = kafka.brokers
const servers = [
  await startRelay(relayPort, broker!.plainPorts['CAPTURE']!),
  await startRelay(loginRelayPort, broker!.port),
]
try {
  await runJavaTools(`127.0.0.1:${relayPort}`, folder.path)
  await runOtherClients(`127.0.0.1:${relayPort}`)
  await runAuthenticated(
    `127.0.0.1:${loginRelayPort}`,
    kafka.credential.username,
    kafka.credential.password,
    folder.path,
  )
} finally {
  for (const server of servers) server.close()
  await kafka.stop()
  folder.remove()
}
const titles = [...kept.keys()].toSorted()
const target = fileURLToPath(new URL('vectors/captured-frames.json', import.meta.url))
writeFileSync(
  target,
  `${JSON.stringify(Object.fromEntries(titles.map((title) => [title.replace(/^0/, ''), kept.get(title)!.toString('hex')])), null, 2)}\n`,
)
process.stdout.write(`${titles.length} frames\n`)
