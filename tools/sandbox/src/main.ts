/** `npm start`: a whole Weir in front of a real Apache Kafka, in the foreground, until Ctrl-C. */
import { parseArgs } from 'node:util'
import { startSandbox } from './sandbox.ts'
import { welcome } from './welcome.ts'

const usage = `Usage: npm start -- [--port-base N] [--data FOLDER]

Brings up a sandbox: a dev issuer, Apache Kafka, the control plane and the Kafka gateway.
It stays in the foreground; Ctrl-C ends all of it. Data is kept in the folder for the next start.

  --port-base N   first of the ports to use (default: 9092 for Kafka, 8080 for the control plane, 8081 for the issuer)
  --data FOLDER   where configuration, client files, data and logs go (default: .sandbox)
  --help          this text
`

// kafkajs 2.2.4 arms a timer with a negative time at each connection. Node makes it 1 ms and says so, to nobody's use here.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'TimeoutNegativeWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`)
})

const { 'port-base': portBase, data, help } = readArguments()
if (help) {
  process.stdout.write(usage)
} else {
  await run()
}

async function run(): Promise<void> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
  const sandbox = await startSandbox({ portBase, folder: data, signal: stopping.signal, say }).catch(
    (error: unknown) => {
      if (!stopping.signal.aborted) process.stderr.write(`\n${(error as Error).message}\n`)
      return undefined
    },
  )
  if (sandbox === undefined) {
    process.exit(stopping.signal.aborted ? 0 : 1)
  }
  process.stdout.write(welcome(sandbox))
  const failed = await Promise.race([sandbox.failed, aborted(stopping.signal)])
  if (failed !== undefined) process.stderr.write(`\n${failed}\n`)
  say('Stopping …')
  await sandbox.stop()
  process.exit(failed === undefined ? 0 : 1)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined))
  })
}

function readArguments(): { 'port-base': number | undefined; data: string; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        'port-base': { type: 'string' },
        data: { type: 'string', default: '.sandbox' },
        help: { type: 'boolean', default: false },
      },
    })
    const base = values['port-base'] === undefined ? undefined : Number(values['port-base'])
    if (base !== undefined && !(Number.isInteger(base) && base >= 1024 && base <= 65_000)) {
      throw new Error(`--port-base takes a port from 1024 to 65000, not ${JSON.stringify(values['port-base'])}.`)
    }
    return { 'port-base': base, data: values.data, help: values.help }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}
