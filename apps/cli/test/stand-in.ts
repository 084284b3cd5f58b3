import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { routes } from '@weir/contracts'
import type { Route, RouteName } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { answers } from './fixed-answers.ts'
import type { Question } from './fixed-answers.ts'

export type StandIn = {
  readonly url: string
  /** Questions as the schemas of the routes read them. */
  readonly asked: { readonly route: RouteName; readonly subject: string; readonly input: Question['input'] }[]
  /** The tokens that came. */
  readonly tokens: Set<string>
  /** While true, it answers as a control plane whose database is away. */
  broken: boolean
  stop(): Promise<void>
}

const statuses: Record<string, number> = {
  WEIR_INVALID_REQUEST: 400,
  WEIR_UNAUTHENTICATED: 401,
  WEIR_FORBIDDEN: 403,
  WEIR_NOT_FOUND: 404,
  WEIR_POLICY_CONFLICT: 409,
}

/** A control plane of fixed answers; what it takes and gives is held to the routes table. It believes any token. */
export async function startStandIn(): Promise<StandIn> {
  const standIn = { asked: [] as StandIn['asked'], tokens: new Set<string>(), broken: false }
  const server = createServer((request, response) => {
    const done = answer(request, standIn).then(
      (value) => send(response, 200, value),
      (error: unknown) => {
        const code = error instanceof WeirError ? error.code : 'WEIR_INTERNAL'
        send(response, statuses[code] ?? 500, { error: { code, message: (error as Error).message } })
      },
    )
    void done
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(standIn, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

async function answer(request: IncomingMessage, standIn: Omit<StandIn, 'url' | 'stop'>): Promise<unknown> {
  const subject = subjectOf(request)
  standIn.tokens.add(request.headers.authorization ?? '')
  if (standIn.broken)
    throw new WeirError('WEIR_STORE_UNAVAILABLE', 'The database does not answer now; try again later.')
  const url = new URL(request.url ?? '/', 'http://stand-in')
  const found = (Object.keys(routes) as RouteName[]).find((name) => matches(routes[name], request.method, url.pathname))
  if (found === undefined || answers[found] === undefined)
    throw new WeirError('WEIR_NOT_FOUND', 'There is no such route.')
  const route: Route = routes[found]
  const input = await readInput(route, request, url)
  standIn.asked.push({ route: found, subject, input })
  return route.response.parse((answers[found] as (question: Question) => unknown)({ subject, input }))
}

function matches({ method, path }: Route, wanted: string | undefined, pathname: string): boolean {
  return method === wanted && new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`).test(pathname)
}

async function readInput(route: Route, request: IncomingMessage, url: URL): Promise<Question['input']> {
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name!)
  const values = new RegExp(`^${route.path.replaceAll(/:\w+/g, '([^/]+)')}$`).exec(url.pathname)?.slice(1) ?? []
  const params = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index]!)]))
  try {
    return {
      params: route.params?.parse(params) ?? {},
      query: route.query?.parse(Object.fromEntries(url.searchParams)) ?? {},
      ...(route.body === undefined || route.body === 'octet-stream'
        ? {}
        : { body: route.body.parse(JSON.parse(await readBody(request))) as Record<string, unknown> }),
    }
  } catch (error) {
    throw new WeirError('WEIR_INVALID_REQUEST', String(error))
  }
}

function subjectOf({ headers }: IncomingMessage): string {
  const claims = /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/.exec(headers.authorization ?? '')?.[1]
  if (claims === undefined) throw new WeirError('WEIR_UNAUTHENTICATED', 'No token came with the request.')
  const { sub, aud } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
    sub: string
    aud: string | string[]
  }
  if ([aud].flat().includes('weir-control-plane')) return sub
  throw new WeirError('WEIR_UNAUTHENTICATED', 'The token was issued for another audience.')
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
