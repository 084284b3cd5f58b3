import type { KafkaBenchOptions, PathName } from './options.ts'
import type { Latency } from './perf-tools.ts'

export type ThroughputSample = {
  readonly path: PathName
  readonly round: number
  readonly direction: 'publish' | 'consume'
  readonly megabytesPerSecond: number
  /** Of the process between client and broker: user and system seconds for 10⁹ bytes of records. */
  readonly cpuSecondsPerGb: number | undefined
  readonly residentBytes: { readonly now: number; readonly peak: number } | undefined
}

export type LatencySample = Latency & { readonly path: PathName; readonly round: number }

export type Report = {
  readonly machine: string
  /** Processes that ran or waited to, averaged over a minute: above the number of cores by much, ratios are all that can be read. */
  readonly load: { readonly before: number; readonly after: number }
  readonly node: string
  readonly database: string | undefined
  readonly options: KafkaBenchOptions
  readonly samples: readonly ThroughputSample[]
  readonly latencies: readonly LatencySample[]
  readonly controlPlaneCpuSeconds: number | undefined
}

/** Markdown, so that it can go into the documentation as it is. */
export function formatReport(report: Report): string {
  const { options, latencies } = report
  const lines = [
    '',
    `${report.machine}, load ${report.load.before.toFixed(1)} before and ${report.load.after.toFixed(1)} after; Node ${report.node}; evidence into ${report.database ?? 'nothing'}; policy of ${options.rules} rules.`,
    `${options.records} records of ${options.recordBytes} bytes, ${options.rounds} rounds: the median, and in brackets the least and the most.`,
    '',
    ...throughputTable(report, 'publish'),
    '',
    ...throughputTable(report, 'consume'),
  ]
  if (report.controlPlaneCpuSeconds !== undefined) {
    lines.push('', `The control plane used ${report.controlPlaneCpuSeconds.toFixed(1)} CPU seconds meanwhile.`)
  }
  if (latencies.length > 0) lines.push('', ...latencyTable(report))
  return `${lines.join('\n')}\n`
}

function throughputTable({ samples, options }: Report, direction: ThroughputSample['direction']): string[] {
  const rows = options.paths.map((path) => {
    const own = samples.filter((sample) => sample.path === path && sample.direction === direction)
    const cpu = own.flatMap((sample) => sample.cpuSecondsPerGb ?? [])
    const toPipe = (figure: (sample: ThroughputSample) => number | undefined) =>
      path === 'pipe'
        ? []
        : ratios(
            samples.filter((sample) => sample.direction === direction),
            path,
            figure,
          )
    return [
      path,
      spread(
        own.map((sample) => sample.megabytesPerSecond),
        0,
      ),
      spread(
        toPipe((sample) => sample.megabytesPerSecond),
        2,
      ),
      spread(cpu, 2),
      spread(
        toPipe((sample) => sample.cpuSecondsPerGb),
        2,
      ),
      spread(
        own.flatMap((sample) => (sample.residentBytes === undefined ? [] : sample.residentBytes.peak / 2 ** 20)),
        0,
      ),
    ]
  })
  return table([direction, 'MB/s', '÷ pipe', 'CPU s/GB', '÷ pipe', 'peak RSS MiB'], rows)
}

function latencyTable({ latencies, options }: Report): string[] {
  const rows = options.paths.map((path) => {
    const own = latencies.filter((sample) => sample.path === path)
    return [
      path,
      spread(
        own.map((sample) => sample.average),
        2,
      ),
      spread(
        own.map((sample) => sample.p50),
        0,
      ),
      spread(
        own.map((sample) => sample.p99),
        0,
      ),
    ]
  })
  return table(['2,000 records/s', 'average ms', 'p50 ms', 'p99 ms'], rows)
}

/** A path's figure over the pipe's of the same round: what else the machine did then weighs on both. */
function ratios(
  samples: readonly ThroughputSample[],
  path: PathName,
  figure: (sample: ThroughputSample) => number | undefined,
): number[] {
  return samples.flatMap((sample) => {
    if (sample.path !== path) return []
    const pipe = samples.find((other) => other.path === 'pipe' && other.round === sample.round)
    const [own, reference] = [figure(sample), pipe === undefined ? undefined : figure(pipe)]
    return own === undefined || reference === undefined || reference === 0 ? [] : [own / reference]
  })
}

/** `median (least–most)`. */
export function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '–'
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  const [least, most] = [sorted[0]!.toFixed(digits), sorted.at(-1)!.toFixed(digits)]
  return least === most ? median.toFixed(digits) : `${median.toFixed(digits)} (${least}–${most})`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}
