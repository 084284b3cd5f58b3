import { errorBodySchema, routes } from '@weir/contracts'
import type { ErrorBody, Route, RouteName } from '@weir/contracts'
import { WeirError, errorCatalogue } from '@weir/kernel'
import type { WeirErrorCode } from '@weir/kernel'
import type { z } from 'zod'

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
/** More than any answer of the API; an answer that does not end must not fill the memory. */
const answerLimitBytes = 64 * 1024 * 1024

/** A client of the HTTP API, typed from the routes table. Connections are kept alive; redirects are refused, because they would carry the token elsewhere. */
export function createApiClient(options: { baseUrl: string; token: TokenSource; timeoutMs?: number }): ApiClient {
  const { baseUrl, token, timeoutMs = defaultTimeoutMs } = options
  return {
    async call<R extends RouteName>(name: R, given?: Input<R>): Promise<Output<R>> {
      const route: Route = routes[name]
      const input = (given ?? {}) as AnyInput
      const url = urlOf(baseUrl, route, input)
      let answer = await send(url, route, input, await token(), input.timeoutMs ?? timeoutMs)
      if (answer.status === 401) {
        // The issuer may have rotated its keys, or the token been revoked, long before it expires.
        answer = await send(url, route, input, await token({ fresh: true }), input.timeoutMs ?? timeoutMs)
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

type Answer = { readonly status: number; readonly body: string }

function urlOf(baseUrl: string, route: Route, input: AnyInput): URL {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(input.params?.[name])))
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}${path}`)
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

async function send(url: URL, route: Route, input: AnyInput, token: string, timeoutMs: number): Promise<Answer> {
  const binary = route.body === 'octet-stream'
  const timeout = AbortSignal.timeout(timeoutMs)
  const headers: Record<string, string> = {
    accept: 'application/json',
    authorization: `Bearer ${token}`,
    ...input.headers,
  }
  if (route.body !== undefined) headers['content-type'] = binary ? 'application/octet-stream' : 'application/json'
  try {
    const response = await fetch(url, {
      method: route.method,
      headers,
      redirect: 'error',
      signal: input.signal === undefined ? timeout : AbortSignal.any([timeout, input.signal]),
      ...(route.body === undefined
        ? {}
        : { body: binary ? (input.body as Uint8Array<ArrayBuffer>) : JSON.stringify(input.body) }),
    })
    return { status: response.status, body: await readBounded(response) }
  } catch (error) {
    if (input.signal?.aborted === true) throw input.signal.reason
    throw unreachable(url, timeout.aborted ? `no answer came within ${timeoutMs} ms` : 'the connection failed', error)
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > answerLimitBytes) throw new Error(`the answer is larger than ${answerLimitBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The server's own words, where there are any. A proxy's error page is not an answer of the control plane. */
function refusal(url: URL, { status, body }: Answer): WeirError {
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
