/** The paths that records take, in the order of the report. */
export const pathNames = ['direct', 'pipe', 'gateway'] as const
export type PathName = (typeof pathNames)[number]

export type KafkaBenchOptions = {
  /** Per path and round. */
  readonly records: number
  readonly recordBytes: number
  readonly rounds: number
  readonly paths: readonly PathName[]
  /** Records of one latency measurement, at 2,000 a second; 0 leaves it out. */
  readonly latencyRecords: number
  readonly rules: number
  /** Folder for V8 CPU profiles of the gateway. */
  readonly profile: string | undefined
  readonly json: boolean
}

export const kafkaOptions = {
  records: { type: 'string' },
  'record-size': { type: 'string' },
  rounds: { type: 'string' },
  paths: { type: 'string' },
  'latency-records': { type: 'string' },
  rules: { type: 'string' },
  profile: { type: 'string' },
  json: { type: 'boolean' },
} as const

type Values = { readonly [K in keyof typeof kafkaOptions]?: string | boolean | undefined }

const defaults = { records: 600_000, 'record-size': 1024, rounds: 3, 'latency-records': 20_000, rules: 1_000 }

export const kafkaUsage = `Options of kafka:
  --records N          records per path and round (default: ${defaults.records})
  --record-size N      bytes of a record (default: ${defaults['record-size']})
  --rounds N           rounds, the paths taking turns in each (default: ${defaults.rounds})
  --paths A,B          of ${pathNames.join(', ')} (default: all)
  --latency-records N  records of a latency measurement at 2,000 a second, 0 for none (default: ${defaults['latency-records']})
  --rules N            rules of the generated policy (default: ${defaults.rules})
  --profile FOLDER     write a V8 CPU profile of the gateway there
  --json               print the figures as JSON on standard output; progress goes to standard error`

/** The options, or what is wrong with them. */
export function readKafkaOptions(values: Values): KafkaBenchOptions | string {
  const numbers: Record<string, number> = {}
  for (const [name, standard] of Object.entries(defaults)) {
    const text = values[name as keyof typeof defaults]
    const number = text === undefined ? standard : Number(text)
    const least = name === 'latency-records' ? 0 : 1
    if (!Number.isSafeInteger(number) || number < least) return `--${name} takes a whole number from ${least} on.`
    numbers[name] = number
  }
  const asked = typeof values.paths === 'string' ? values.paths.split(',') : [...pathNames]
  const unknown = asked.filter((name) => !pathNames.some((known) => known === name))
  if (unknown.length > 0) return `--paths knows ${pathNames.join(', ')}, not ${unknown.join(', ')}.`
  return {
    records: numbers['records']!,
    recordBytes: numbers['record-size']!,
    rounds: numbers['rounds']!,
    paths: pathNames.filter((name) => asked.includes(name)),
    latencyRecords: numbers['latency-records']!,
    rules: numbers['rules']!,
    profile: typeof values.profile === 'string' ? values.profile : undefined,
    json: values.json === true,
  }
}
