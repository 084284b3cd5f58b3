import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { WeirError } from '@weir/kernel'
import { z } from 'zod'
import type { Context } from './command.ts'
import { UsageError } from './failures.ts'

/** What `npm start` writes when all of a sandbox answers, and removes when it ends. */
const sandboxSchema = z.object({
  pid: z.int().positive(),
  ready: z.boolean(),
  controlPlane: z.url(),
  issuer: z.url(),
  kafka: z.string(),
  controlPlaneAudience: z.string(),
  services: z.array(z.object({ name: z.string(), address: z.string(), ready: z.url() })),
  clients: z.string(),
})
export type Sandbox = z.infer<typeof sandboxSchema>

type Place = Pick<Context, 'env' | 'cwd'>

const stateFile = 'sandbox.json'
const requestTimeoutMs = 10_000

/** The running sandbox of this folder or of one above it; WEIR_SANDBOX names its data folder otherwise. */
export function findSandbox(place: Place): Sandbox | undefined {
  const path = stateFileOf(place)
  if (path === undefined) return undefined
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    // A sandbox that ends removes its file.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const sandbox = sandboxSchema.safeParse(parseJson(text)).data
  if (sandbox === undefined) {
    throw new WeirError('WEIR_CONFIG_INVALID', `${path} is not what npm start writes; start the sandbox again.`)
  }
  return isAlive(sandbox.pid) ? sandbox : undefined
}

/** As {@link findSandbox}; that there is none is WEIR_CONTROL_PLANE_UNREACHABLE. */
export function requireSandbox(place: Place): Sandbox {
  const sandbox = findSandbox(place)
  if (sandbox !== undefined) return sandbox
  const where = place.env['WEIR_SANDBOX'] ?? 'this folder and those above it'
  const message = `No sandbox is running in ${where}. Start one with npm start, or name its data folder in WEIR_SANDBOX.`
  throw new WeirError('WEIR_CONTROL_PLANE_UNREACHABLE', message)
}

/** A token for a person of the sandbox, of whose issuer anybody on this machine may ask one. */
export async function sandboxToken(sandbox: Sandbox, person: string): Promise<string> {
  const address = `${sandbox.issuer}/dev/token`
  let response: Response
  let body: unknown
  try {
    response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ subject: person, audience: sandbox.controlPlaneAudience }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    body = await response.json()
  } catch (cause) {
    const message = `The issuer of the sandbox does not answer at ${address}. Is npm start still running?`
    throw new WeirError('WEIR_ISSUER_UNAVAILABLE', message, { cause })
  }
  const answer = tokenAnswer.safeParse(body).data
  if (response.ok && answer?.access_token !== undefined) return answer.access_token
  if (response.status === 400)
    throw new UsageError(`--as ${person}: ${answer?.error ?? 'the sandbox refused the name'}`)
  throw new WeirError('WEIR_ISSUER_UNAVAILABLE', `The issuer of the sandbox answered ${response.status} at ${address}.`)
}

const tokenAnswer = z.object({ access_token: z.string().optional(), error: z.string().optional() })

function stateFileOf({ env, cwd }: Place): string | undefined {
  const named = env['WEIR_SANDBOX']
  if (named !== undefined && named !== '') return join(resolve(cwd, named), stateFile)
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const path = join(folder, '.sandbox', stateFile)
    if (existsSync(path)) return path
    if (folder === dirname(folder)) return undefined
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A sandbox that was killed leaves its file behind. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
