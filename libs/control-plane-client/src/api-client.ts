import { errorBodySchema, routes } from '@weir/contracts'
import type { ErrorBody, Route, RouteName } from '@weir/contracts'
import { WeirError, errorCatalogue } from '@weir/kernel'
import type { WeirErrorCode } from '@weir/kernel'
import type { z } from 'zod'
import type { ClientTls } from './client-tls.ts'
import { createTransport, describeFailure } from './http-transport.ts'
import type { HttpAnswer, HttpTransport } from './http-transport.ts'

type Routes = typeof routes

/** What a route takes besides the caller's identity; which parts are required follows from the routes table. */
export type Input<R extends RouteName> = (Routes[R] extends { params: infer P extends z.ZodObject }
  ? { params: z.input<P> }
  : unknown) &
  (Routes[R] extends { query: infer Q extends z.ZodObject } ? { query?: z.input<Q> } : unknown) &
  (Routes[R] extends { body: 'octet-stream' } ? { body: Uint8Array } : unknown) &
  (Routes[R] extends { body: infer B extends z.ZodType } ? { body: z.input<B> } : unknown) & {
    headers?: Readonly<Record<string, string>>
    signal?: AbortSignal
    /** Instead of the client's own limit, for a call that is meant to wait. */
    timeoutMs?: number
  }

/** What a route answers. Only the long poll for the bundle can say "nothing new" (304): undefined. */
export type Output<R extends RouteName> =
  | z.output<Routes[R]['response']>
  | (R extends 'currentBundle' ? undefined : never)

/** Gives the bearer token; `fresh` asks for another one than the last, which was refused. */
export type TokenSource = (options?: { fresh: boolean }) => Promise<string>

/** A refusal of the control plane, with what it said about single lines of the input. */
export class ApiError extends WeirError {
  readonly status: number
  readonly details: ErrorBody['error']['details']

  constructor(
    code: WeirErrorCode,
    status: number,
    error: { message: string; details?: ErrorBody['error']['details'] },
  ) {
    super(code, error.message)
    this.status = status
    this.details = error.details
  }
}

/** The routes of the control plane as calls. */
export interface ApiClient {
  /**
   * Calls a route and checks the answer against its schema.
   * Throws ApiError with the server's code, WEIR_CONTROL_PLANE_UNREACHABLE (with its cause) when no usable answer comes in time,
   * what the token source throws, and the reason of `signal`.
   */
  call<R extends RouteName>(
    name: R,
    ...input: {} extends Input<R> ? [input?: Input<R>] : [input: Input<R>]
  ): Promise<Output<R>>
}

const defaultTimeoutMs = 10_000

/**
 * A client of the HTTP API, typed from the routes table. It proves itself by a bearer token, or by the certificate in `tls`.
 * Connections are kept alive; redirects are refused, because they would carry the token elsewhere.
 * Throws WEIR_CONFIG_INVALID when `baseUrl` is not http(s), or `tls` cannot be used with it.
 */
export function createApiClient(options: {
  baseUrl: string
  token?: TokenSource | undefined
  tls?: ClientTls | undefined
  timeoutMs?: number
}): ApiClient {
  const { baseUrl, token, tls, timeoutMs = defaultTimeoutMs } = options
  const transport = createTransport(new URL(baseUrl), tls)
  return {
    async call<R extends RouteName>(name: R, given?: Input<R>): Promise<Output<R>> {
      const route: Route = routes[name]
      const input = (given ?? {}) as AnyInput
      const url = urlOf(baseUrl, route, input)
      const asked = { transport, url, route, input, timeoutMs: input.timeoutMs ?? timeoutMs }
      let answer = await send(asked, await token?.())
      if (answer.status === 401 && token !== undefined) {
        // The issuer may have rotated its keys, or the token been revoked, long before it expires.
        answer = await send(asked, await token({ fresh: true }))
      }
      if (answer.status === 304) return undefined as Output<R>
      if (answer.status >= 300) throw refusal(url, answer)
      const parsed = route.response.safeParse(parseJson(answer.body))
      if (!parsed.success) throw unreachable(url, `its answer to ${name} cannot be understood`, parsed.error)
      return parsed.data as Output<R>
    },
  }
}

type AnyInput = {
  params?: Record<string, unknown>
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
  timeoutMs?: number
}

function urlOf(baseUrl: string, route: Route, input: AnyInput): URL {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(input.params?.[name])))
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}${path}`)
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

type Asked = { transport: HttpTransport; url: URL; route: Route; input: AnyInput; timeoutMs: number }

async function send(asked: Asked, token: string | undefined): Promise<HttpAnswer> {
  const { transport, url, route, input, timeoutMs } = asked
  const timeout = AbortSignal.timeout(timeoutMs)
  const headers: Record<string, string> = { accept: 'application/json', ...input.headers }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  let body: string | Uint8Array | undefined
  if (route.body === 'octet-stream') {
    headers['content-type'] = 'application/octet-stream'
    body = input.body as Uint8Array
  } else if (route.body !== undefined) {
    headers['content-type'] = 'application/json'
    body = JSON.stringify(input.body)
  }
  const signal = input.signal === undefined ? timeout : AbortSignal.any([timeout, input.signal])
  try {
    return await transport({ url, method: route.method, headers, body, signal })
  } catch (error) {
    if (input.signal?.aborted === true) throw input.signal.reason
    throw unreachable(url, timeout.aborted ? `no answer came within ${timeoutMs} ms` : describeFailure(error), error)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The server's own words, where there are any. A proxy's error page is not an answer of the control plane. */
function refusal(url: URL, { status, body }: HttpAnswer): WeirError {
  const parsed = errorBodySchema.safeParse(parseJson(body))
  if (!parsed.success) return unreachable(url, `status ${status} came without an explanation of the control plane`)
  const { code, message, details } = parsed.data.error
  if (!isKnown(code)) return unreachable(url, `it refused with ${code}, which this version does not know: ${message}`)
  return new ApiError(code, status, details === undefined ? { message } : { message, details })
}

function isKnown(code: string): code is WeirErrorCode {
  return Object.hasOwn(errorCatalogue, code)
}

function unreachable(url: URL, what: string, cause?: unknown): WeirError {
  return new WeirError(
    'WEIR_CONTROL_PLANE_UNREACHABLE',
    `The control plane at ${url.origin} gave no usable answer: ${what}. Check the address, and that it is up.`,
    { cause },
  )
}
