import { Lifecycle, WeirError, createLogger, createMetrics } from '@weir/kernel'
import type { LogLevel, Logger, Metrics } from '@weir/kernel'
import type { z } from 'zod'
import manifest from '../package.json' with { type: 'json' }
import { parseCommandLine, usage } from './command-line.ts'
import { configSchema, describeConfig } from './describe-config.ts'
import { loadConfig } from './load-config.ts'

/** A process of ours, for `runApp`. */
export type App<S extends z.ZodType> = {
  /** As typed on the command line, and in each log line: `kafka-gateway`. */
  readonly name: string
  /** One sentence for `--help`. */
  readonly summary: string
  readonly schema: S
  /** Resolves when the process serves; what it started is added to the lifecycle, which stops it on a signal. */
  start(
    config: z.output<S>,
    context: { readonly logger: Logger; readonly metrics: Metrics; readonly lifecycle: Lifecycle },
  ): Promise<void>
  /** Where the keys of the file are described. Default `docs/reference/<name>.md`. */
  readonly reference?: string
  /** Default `info`. */
  logLevel?(config: z.output<S>): LogLevel
  /** Milliseconds that stopping may take before the process gives up. Default 30,000. */
  drainMs?(config: z.output<S>): number
}

/** The world around a process, so that a test can be it. */
export type Surroundings = {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/**
 * The command line of every process of ours: `--config FILE`, `--check`, `--print-config`, `--schema`, `--version`, `--help`.
 * Ends the process with 1 when the configuration is invalid or the start fails and with 2 on wrong usage; the problems are
 * plain lines on stderr. A started process runs until SIGTERM or SIGINT and then ends with 0.
 */
export async function runApp<S extends z.ZodType>(app: App<S>): Promise<void> {
  const code = await runIn(app, {
    args: process.argv.slice(2),
    env: process.env,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  })
  if (code === 'running') return
  process.exitCode = code
  // What a failed start left open must not keep the process alive; after the other modes nothing is open.
  if (code === 1) process.exit()
}

/** {@link runApp} without the process around it: the exit code, or `running`. */
export async function runIn<S extends z.ZodType>(app: App<S>, surroundings: Surroundings): Promise<number | 'running'> {
  const { out, err } = surroundings
  const asked = parseCommandLine(surroundings.args)
  switch (asked.mode) {
    case 'wrong':
      err(`${app.name}: ${asked.problem}\nTry ${app.name} --help.\n`)
      return 2
    case 'help':
      out(usage({ ...app, reference: app.reference ?? `docs/reference/${app.name}.md` }))
      return 0
    case 'version':
      out(`${app.name} ${manifest.version}\n`)
      return 0
    case 'schema':
      out(`${JSON.stringify(configSchema(app.schema), undefined, 2)}\n`)
      return 0
    default:
      break
  }
  let config: z.output<S>
  try {
    config = loadConfig({ path: asked.configPath, schema: app.schema, env: surroundings.env })
  } catch (error) {
    err(`${plainLines(error)}\n`)
    return 1
  }
  if (asked.mode === 'check') {
    out(`${asked.configPath}: valid\n`)
    return 0
  }
  if (asked.mode === 'print-config') {
    out(describeConfig(config, app.schema))
    return 0
  }
  return start(app, config, err)
}

async function start<S extends z.ZodType>(
  app: App<S>,
  config: z.output<S>,
  err: (text: string) => void,
): Promise<1 | 'running'> {
  const logger = createLogger({ app: app.name, level: app.logLevel?.(config) ?? 'info' })
  const lifecycle = new Lifecycle({ logger, drainMs: app.drainMs?.(config) ?? 30_000 })
  lifecycle.onSignals()
  try {
    await app.start(config, { logger, metrics: createMetrics(), lifecycle })
    return 'running'
  } catch (error) {
    err(`${app.name}: ${plainLines(error)}\n`)
    await lifecycle.stop()
    return 1
  }
}

/** A fault that we foresaw is its message alone; any other is a fault of ours and keeps its stack. */
function plainLines(error: unknown): string {
  if (error instanceof WeirError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
