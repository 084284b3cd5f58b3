import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors } from 'oidc-provider'
import type { Provider } from 'oidc-provider'
import type { DevTokenOptions } from './dev-issuer.ts'
import type { Identities } from './identities.ts'
import { loginPage, messagePage } from './pages.ts'

const maxBodyBytes = 16 * 1024

type HandlerSettings = {
  readonly issuer: string
  readonly identities: Identities
  readonly accessTokenSeconds: number
  readonly token: (subject: string, options: DevTokenOptions) => Promise<string>
  readonly provider: () => Provider
}

/** The issuer's own routes in front of the provider's: the login page and `POST /dev/token`. */
export function createRequestHandler(settings: HandlerSettings) {
  const authority = new URL(settings.issuer).host
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A web page can point a name of its own at a loopback address; this is not its issuer (DNS rebinding).
    if (request.headers.host !== authority) return send(response, 421, { error: `this is ${settings.issuer}` })
    const path = new URL(request.url ?? '/', settings.issuer).pathname
    try {
      if (path === '/dev/token') return await giveToken(settings, request, response)
      if (path.startsWith('/interaction/')) return await login(settings, request, response)
      // No single sign-on: in a sandbox one browser plays many people, so each login starts without an earlier session.
      if (path === '/auth' || (path === '/device' && request.method === 'GET')) delete request.headers.cookie
      await settings.provider().callback()(request, response)
    } catch (error) {
      if (!response.headersSent) send(response, 500, { error: error instanceof Error ? error.message : String(error) })
      else response.destroy()
    }
  }
}

/** Asks for a name; a name that is nobody's is asked for again. */
async function login(settings: HandlerSettings, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const provider = settings.provider()
  try {
    const { uid } = await provider.interactionDetails(request, response)
    const page = { action: `/interaction/${uid}`, people: settings.identities.people.map(({ subject }) => subject) }
    if (request.method !== 'POST') return sendPage(response, 200, loginPage(page))
    const name = new URLSearchParams((await readBody(request)) ?? '').get('name') ?? ''
    if (!settings.identities.isPerson(name)) {
      return sendPage(response, 400, loginPage({ ...page, problem: `There is nobody called "${name}" here.` }))
    }
    await provider.interactionFinished(request, response, { login: { accountId: name, remember: false } })
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error
    sendPage(response, 400, messagePage('This login is over', 'Start again in the program that sent you here.'))
  }
}

/**
 * `{"subject": "alice", "audience"?, "expiresInSeconds"?, "groups"?, "act"?}` → `{"access_token", "token_type", "expires_in"}`.
 * JSON only: a web page of another origin cannot send that without being asked first, and it is never told yes.
 */
async function giveToken(settings: HandlerSettings, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
    return send(response, 415, { error: 'POST with content-type application/json' })
  }
  const body = await readBody(request)
  if (body === undefined) return send(response, 413, { error: `the body is longer than ${maxBodyBytes} bytes` })
  const wanted = readTokenRequest(body)
  if (typeof wanted === 'string') return send(response, 400, { error: wanted })
  if (wanted.options.groups === undefined && settings.identities.groupsOf(wanted.subject) === undefined) {
    return send(response, 400, { error: `there is no ${wanted.subject} here` })
  }
  const token = await settings.token(wanted.subject, wanted.options)
  const expiresIn = wanted.options.expiresInSeconds ?? settings.accessTokenSeconds
  send(response, 200, { access_token: token, token_type: 'Bearer', expires_in: expiresIn })
}

function readTokenRequest(body: string): { subject: string; options: DevTokenOptions } | string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return 'the body is not JSON'
  }
  if (typeof value !== 'object' || value === null) return 'the body must be an object'
  const { subject, ...options } = value as Record<string, unknown>
  if (typeof subject !== 'string' || subject === '') return '`subject` must be a text'
  for (const [name, option] of Object.entries(options)) {
    const fits = Object.hasOwn(tokenOptions, name) && tokenOptions[name as keyof typeof tokenOptions](option)
    if (!fits) return `\`${name}\` is not known, or has the wrong form`
  }
  return { subject, options }
}

const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')
const isTextOrTexts = (value: unknown) => typeof value === 'string' || isTexts(value)
const tokenOptions = {
  audience: isTextOrTexts,
  expiresInSeconds: Number.isSafeInteger,
  groups: isTexts,
  act: isTextOrTexts,
}

/** Undefined when it is longer than the limit. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Not destroyed when left early: the answer goes over the same socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html)
}
