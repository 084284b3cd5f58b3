/** Kafka's own performance tools, and what they print. */
import { kafkaTool, runProcess } from '@weir/testing'

export type Client = { readonly bootstrap: string; readonly propertiesFile: string }
export type Load = { readonly topic: string; readonly records: number; readonly recordBytes: number }

export type Throughput = { readonly bytes: number; readonly megabytesPerSecond: number }
/** Milliseconds. */
export type Latency = { readonly average: number; readonly p50: number; readonly p99: number; readonly max: number }

const env = { KAFKA_HEAP_OPTS: '-Xms1g -Xmx1g' }
const timeoutMs = 600_000

/** Publishes as fast as it goes: acks=all, linger 5 ms, batches of 128 KiB. */
export async function publish(client: Client, load: Load): Promise<Throughput> {
  const settings = ['acks=all', 'linger.ms=5', `batch.size=${128 * 1024}`, `buffer.memory=${128 * 1024 * 1024}`]
  const { perSecond } = readProducerSummary(await runProducer(client, load, -1, settings))
  return throughput(load, perSecond)
}

/** Publishes 2,000 records a second without batching; the first ones, while the client's code is compiled, are not counted. */
export async function measureLatency(client: Client, load: Load): Promise<Latency> {
  const warmUp = ['--warmup-records', String(Math.floor(load.records / 4))]
  return readProducerSummary(await runProducer(client, load, 2_000, ['acks=all', 'linger.ms=0'], warmUp)).latency
}

/** Consumes from the beginning. The time to join the group does not count. */
export async function consume(client: Client, load: Load): Promise<Throughput> {
  const output = await run('kafka-consumer-perf-test', [
    ...['--bootstrap-server', client.bootstrap, '--command-config', client.propertiesFile],
    ...['--topic', load.topic, '--num-records', String(load.records), '--hide-header'],
  ])
  return throughput(load, readConsumerSummary(output))
}

function runProducer(
  client: Client,
  load: Load,
  perSecond: number,
  settings: string[],
  more: string[] = [],
): Promise<string> {
  return run('kafka-producer-perf-test', [
    ...['--bootstrap-server', client.bootstrap, '--command-config', client.propertiesFile],
    ...['--topic', load.topic, '--num-records', String(load.records), '--record-size', String(load.recordBytes)],
    ...['--throughput', String(perSecond), ...more, '--command-property', ...settings],
  ])
}

async function run(tool: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProcess(kafkaTool(tool), args, { env, timeoutMs })
  if (code !== 0) throw new Error(`${tool} exited with ${code}:\n${stdout}${stderr}`)
  return stdout
}

function throughput({ records, recordBytes }: Load, perSecond: number): Throughput {
  return { bytes: records * recordBytes, megabytesPerSecond: (perSecond * recordBytes) / 1e6 }
}

/** The last summary: with warm-up records there are two, and the second is about the others alone. */
export function readProducerSummary(output: string): { perSecond: number; latency: Latency } {
  const summary =
    /([\d.]+) records\/sec .*?([\d.]+) ms avg latency, ([\d.]+) ms max latency, ([\d.]+) ms 50th, [\d.]+ ms 95th, ([\d.]+) ms 99th/g
  const last = [...output.matchAll(summary)].at(-1)
  if (last === undefined) throw new Error(`kafka-producer-perf-test printed no summary:\n${output}`)
  const [perSecond = 0, average = 0, max = 0, p50 = 0, p99 = 0] = last.slice(1).map(Number)
  return { perSecond, latency: { average, p50, p99, max } }
}

/** Records a second, from the last column of the line of figures. */
export function readConsumerSummary(output: string): number {
  const columns = output.trim().split('\n').at(-1)?.split(', ') ?? []
  const perSecond = Number(columns[9])
  if (columns.length !== 10 || !(perSecond > 0))
    throw new Error(`kafka-consumer-perf-test printed no figures:\n${output}`)
  return perSecond
}
