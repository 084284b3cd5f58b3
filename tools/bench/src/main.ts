// `npm run bench -- kafka | policy | evidence`: what Weir costs, measured against what it stands on, in one run.
import { parseArgs } from 'node:util'
import { runLibraryBench } from './library-bench.ts'
import { kafkaOptions, kafkaUsage, readKafkaOptions } from './kafka/options.ts'
import { runKafkaBench } from './kafka/run.ts'

const usage = `Usage: npm run bench -- <what> [options]

  kafka      throughput, CPU and latency: the broker alone, a raw Node TCP pipe, the gateway with everything on
  policy     nanoseconds per decision
  evidence   CPU of the main thread per recorded event

${kafkaUsage}
`

const { values, positionals } = readArguments()
const [what, ...rest] = positionals
if (values.help) {
  process.stdout.write(usage)
} else if (rest.length > 0) {
  refuse(`Unknown argument: ${rest.join(' ')}.`)
} else if (what === 'kafka') {
  const options = readKafkaOptions(values)
  if (typeof options === 'string') refuse(options)
  else process.exitCode = await report(runKafkaBench(options))
} else if (what === 'policy') {
  process.exitCode = await report(runLibraryBench('policy', 'decide'))
} else if (what === 'evidence') {
  process.exitCode = await report(runLibraryBench('recording', 'append'))
} else {
  refuse(what === undefined ? 'Say what to measure.' : `There is no bench named ${JSON.stringify(what)}.`)
}

/** What went wrong in a bench is said without the stack of this program. */
function report(bench: Promise<number>): Promise<number> {
  return bench.catch((error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  })
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { ...kafkaOptions, help: { type: 'boolean', default: false } },
    })
  } catch (error) {
    refuse((error as Error).message)
    return { values: { help: false }, positionals: [] }
  }
}

function refuse(problem: string): void {
  if (process.exitCode === 2) return
  process.stderr.write(`${problem}\n\n${usage}`)
  process.exitCode = 2
}
