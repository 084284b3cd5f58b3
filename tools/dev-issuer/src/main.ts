/** The dev issuer as a program, for the container of the development profile; `npm start` runs it inside the sandbox instead. */
import { parseArgs } from 'node:util'
import { WeirError } from '@weir/kernel'
import { startDevIssuer } from '@weir/testing'

const usage = `Usage: dev-issuer [--port N] [--every-address]

An OpenID Connect issuer that gives anybody's token to whoever asks: for development, never for production.

  --port N          port, also part of the issuer's name http://127.0.0.1:N (default 8081)
  --every-address   listen on every address, for a container whose port is published on loopback only
  --help            this text
`

/** What gateways and the control plane of a development set-up expect in `aud`. */
const audiences = ['weir', 'weir-control-plane']

/** The machines of the sandbox; its people are the dev issuer's own. */
const machines = [
  { clientId: 'etl', clientSecret: 'etl-secret', groups: ['etl'] },
  { clientId: 'agent', clientSecret: 'agent-secret', groups: ['agents'], actsFor: ['alice'] },
  { clientId: 'kafka-gateway', clientSecret: 'kafka-gateway-secret', groups: [] },
]

await run().catch((error: unknown) => {
  // What a person can mend is told without a stack trace.
  process.stderr.write(`dev-issuer: ${error instanceof WeirError ? error.message : String((error as Error).stack)}\n`)
  process.exitCode = 1
})

async function run(): Promise<void> {
  const asked = readArguments()
  if (asked === undefined) return
  const issuer = await startDevIssuer({ port: asked.port, everyAddress: asked.everyAddress, audiences, machines })
  process.stdout.write(`The dev issuer is ${issuer.issuer}\n`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void issuer.stop().then(() => process.exit(0)))
  }
}

function readArguments(): { port: number; everyAddress: boolean } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8081' },
        'every-address': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      process.stdout.write(usage)
      return undefined
    }
    const port = Number(values.port)
    if (!(Number.isInteger(port) && port >= 1 && port <= 65_535))
      throw new Error(`--port takes a port, not ${values.port}.`)
    return { port, everyAddress: values['every-address'] }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    process.exitCode = 2
    return undefined
  }
}
