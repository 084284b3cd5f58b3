import { cpus, loadavg, totalmem } from 'node:os'
import { needs, temporaryFolder } from '@weir/testing'
import type { Kafka } from '@weir/testing'
import type { KafkaBenchOptions } from './options.ts'
import { startPaths } from './paths.ts'
import type { Path, Setup } from './paths.ts'
import { consume, measureLatency, publish } from './perf-tools.ts'
import type { Load, Throughput } from './perf-tools.ts'
import { cpuSeconds, residentBytes } from './process-usage.ts'
import { formatReport } from './report.ts'
import type { LatencySample, Report, ThroughputSample } from './report.ts'

const partitions = 6

/** Measures all paths in turns, prints the report, and resolves with the exit code. */
export async function runKafkaBench(options: KafkaBenchOptions): Promise<number> {
  if (!needs('kafka')) {
    process.stderr.write('This bench runs Apache Kafka: it needs Java 17 and Maven (npm run servers).\n')
    return 1
  }
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const folder = temporaryFolder()
  say('Starting the broker, the pipe and Weir …')
  const setup = await startPaths(options, folder.path)
  try {
    const report = await measure(setup, options, say)
    process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : formatReport(report))
    return 0
  } finally {
    await setup.stop()
    folder.remove()
  }
}

async function measure(setup: Setup, options: KafkaBenchOptions, say: (line: string) => void): Promise<Report> {
  const { paths, kafka, weir } = setup
  const samples: ThroughputSample[] = []
  const latencies: LatencySample[] = []
  const loadBefore = loadavg()[0]!
  // As long as a round: until its code is compiled, a relay in JavaScript costs several times what it costs from then on.
  say('Warming up …')
  for (const path of paths) await measureThroughput(kafka, path, 'warm-up', options)
  const controlPlaneBefore = weir === undefined ? 0 : cpuSeconds(weir.controlPlanePid)
  for (let round = 1; round <= options.rounds; round++) {
    for (const path of inTurn(paths, round)) {
      const measured = await measureThroughput(kafka, path, String(round), options)
      for (const sample of measured) {
        say(
          `round ${round}: ${path.name} ${sample.direction}: ${sample.megabytesPerSecond.toFixed(0)} MB/s, ${sample.cpuSecondsPerGb?.toFixed(2) ?? '–'} CPU s/GB`,
        )
        samples.push({ ...sample, round })
      }
    }
  }
  const controlPlaneCpuSeconds = weir === undefined ? undefined : cpuSeconds(weir.controlPlanePid) - controlPlaneBefore
  for (let round = 1; options.latencyRecords > 0 && round <= options.rounds; round++) {
    for (const path of inTurn(paths, round)) {
      const topic = await makeTopic(kafka, `bench-latency-${path.name}-${round}`)
      const latency = await measureLatency(path, {
        topic,
        records: options.latencyRecords,
        recordBytes: options.recordBytes,
      })
      say(`round ${round}: ${path.name} latency: ${latency.average.toFixed(2)} ms on average`)
      latencies.push({ path: path.name, round, ...latency })
    }
  }
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    load: { before: loadBefore, after: loadavg()[0]! },
    node: process.version,
    database: weir?.database,
    options,
    samples,
    latencies,
    controlPlaneCpuSeconds,
  }
}

/** Each round begins with another path, so that none has always the warmest broker. */
function inTurn(paths: readonly Path[], round: number): Path[] {
  const first = (round - 1) % paths.length
  return [...paths.slice(first), ...paths.slice(0, first)]
}

async function measureThroughput(
  kafka: Kafka,
  path: Path,
  name: string,
  { records, recordBytes }: KafkaBenchOptions,
): Promise<Omit<ThroughputSample, 'round'>[]> {
  const load: Load = { topic: await makeTopic(kafka, `bench-${path.name}-${name}`), records, recordBytes }
  const measured = []
  for (const [direction, run] of [
    ['publish', publish],
    ['consume', consume],
  ] as const) {
    const before = path.pid === undefined ? 0 : cpuSeconds(path.pid)
    const result: Throughput = await run(path, load)
    measured.push({
      path: path.name,
      direction,
      megabytesPerSecond: result.megabytesPerSecond,
      cpuSecondsPerGb: path.pid === undefined ? undefined : (cpuSeconds(path.pid) - before) / (result.bytes / 1e9),
      residentBytes: path.pid === undefined ? undefined : residentBytes(path.pid),
    })
  }
  await kafka.admin.expect('kafka-topics', ['--delete', '--topic', load.topic])
  return measured
}

async function makeTopic(kafka: Kafka, topic: string): Promise<string> {
  await kafka.admin.expect('kafka-topics', ['--create', '--topic', topic, '--partitions', String(partitions)])
  return topic
}
