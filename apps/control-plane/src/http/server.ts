import type { Refusal, Route, RouteName } from '@weir/contracts'
import { routes } from '@weir/contracts'
import { WeirError, newId } from '@weir/kernel'
import type { Clock, Logger, Metrics } from '@weir/kernel'
import fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Limits } from '../config.ts'
import type { EvidenceStore } from '../store/store.ts'
import { openApiDocument } from '../openapi.ts'
import type { Caller } from './caller.ts'
import { answerError, describeInvalid } from './errors.ts'
import type { Call, Handlers } from './handlers.ts'
import { notModified } from './handlers.ts'
import { recordLook } from './looks.ts'

export type HttpTls = { readonly cert: string; readonly key: string; readonly ca: string | undefined }

export type HttpServerParts = {
  readonly handlers: Handlers
  readonly authenticate: (request: FastifyRequest) => Promise<Caller | Refusal>
  readonly evidence: Pick<EvidenceStore, 'recordLook'>
  readonly limits: Limits
  readonly tls?: HttpTls | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

declare module 'fastify' {
  interface FastifyContextConfig {
    routeName?: RouteName
  }
  interface FastifyRequest {
    caller: Caller | undefined
  }
}

/** The HTTP API: every route of the table, its caller checked, its input and its answer held to their schemas. */
export function createHttpServer(parts: HttpServerParts): FastifyInstance {
  const { logger, limits } = parts
  const server = serverWith(parts)
  const stopping = new AbortController()
  server.addHook('preClose', () => {
    stopping.abort()
    return Promise.resolve()
  })
  server.setValidatorCompiler(({ schema, httpPart }) => (value) => {
    const result = (schema as z.ZodType).safeParse(value)
    return result.success
      ? { value: result.data }
      : { error: describeInvalid(result.error, partNames[httpPart!] ?? '') }
  })
  server.setSerializerCompiler(
    ({ schema }) =>
      (value) =>
        JSON.stringify((schema as z.ZodType).parse(value)),
  )
  server.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  server.setErrorHandler((error, request, reply) => {
    const { status, body } = answerError(error, { requestId: request.id, logger })
    if (status === 401) reply.header('www-authenticate', 'Bearer')
    if (status === 503) reply.header('retry-after', '1')
    return sendError(reply, status, body)
  })
  server.setNotFoundHandler((_request, reply) => {
    const { status, body } = answerError(new WeirError('WEIR_NOT_FOUND', 'There is no such route.'), {
      requestId: reply.request.id,
      logger,
    })
    return sendError(reply, status, body)
  })
  server.decorateRequest('caller', undefined)
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('cache-control', 'no-store')
    const name = request.routeOptions.config.routeName
    if (name !== undefined) request.caller = admit(routes[name], await parts.authenticate(request))
  })
  observe(server, parts)
  for (const name of Object.keys(routes) as RouteName[]) register(server, parts, name, stopping.signal, limits)
  const document = openApiDocument()
  server.get('/openapi.json', () => document)
  return server
}

/** An error has one form, whatever the route promises for its answers. */
function sendError(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)
}

const partNames: Readonly<Record<string, string>> = { params: 'path', querystring: 'query', body: 'body' }

function serverWith({ tls, limits }: HttpServerParts): FastifyInstance {
  const options = {
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTime,
    // A client that stays silent between requests may do so for longer than the longest poll.
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 256 },
    genReqId: requestId,
  } as const
  const listener = {
    requestTimeout: limits.requestTime,
    connectionsCheckingInterval: Math.min(limits.requestTime, 5_000),
  }
  // A certificate is asked for and not demanded: people come with a token. Whether it counts is decided per request.
  const certificates = {
    ...tls,
    requestCert: tls?.ca !== undefined,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  } as const
  const server =
    tls === undefined
      ? fastify({ ...options, http: listener })
      : (fastify({ ...options, https: { ...listener, ...certificates } }) as unknown as FastifyInstance)
  server.server.maxConnections = limits.connections
  server.removeContentTypeParser('text/plain')
  return server
}

/** The caller's own id when it is one that is safe to log. */
function requestId(request: { headers: Record<string, string | string[] | undefined> }): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : newId('req')
}

function admit(route: Route, caller: Caller | Refusal): Caller | undefined {
  if (route.by === 'public') return undefined
  if ('refused' in caller) {
    // Nothing is wrong with the credential, so its holder must not throw it away.
    if (caller.code === 'WEIR_ISSUER_UNAVAILABLE') throw new WeirError(caller.code, caller.reason)
    const why = caller.code === 'WEIR_UNAUTHENTICATED' ? caller.reason : `${caller.reason} (${caller.code})`
    throw new WeirError('WEIR_UNAUTHENTICATED', why)
  }
  if (route.by === 'gateway') {
    if (caller.kind === 'gateway') return caller
    throw new WeirError('WEIR_FORBIDDEN', 'This is for gateways; the identity is bound to none in `gateways`.')
  }
  if (caller.kind === 'gateway') throw new WeirError('WEIR_FORBIDDEN', 'This is for people; a gateway may not do it.')
  if (route.by === 'person' || caller.rights.has(route.by)) return caller
  const message = `This needs the right \`${route.by}\`, which none of your groups has here.`
  throw new WeirError('WEIR_FORBIDDEN', message)
}

function register(
  server: FastifyInstance,
  parts: HttpServerParts,
  name: RouteName,
  stopping: AbortSignal,
  limits: Limits,
): void {
  const route: Route = routes[name]
  const handler = parts.handlers[name] as (call: Call<RouteName>) => Promise<unknown>
  const isBinary = route.body === 'octet-stream'
  server.route({
    method: route.method,
    url: route.path,
    config: { routeName: name },
    ...(isBinary ? { bodyLimit: limits.segmentBytes } : {}),
    schema: {
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.query === undefined ? {} : { querystring: route.query }),
      ...(route.body === undefined || isBinary ? {} : { body: route.body }),
      response: { 200: route.response },
    },
    async handler(request, reply) {
      if (isBinary && !Buffer.isBuffer(request.body)) {
        throw new WeirError('WEIR_INVALID_REQUEST', 'The body must be of type application/octet-stream.')
      }
      const { caller, params, query, body } = request
      // Before the answer, and instead of it when it cannot be: nobody looks at evidence unseen.
      if (route.by === 'evidence') await recordLook(parts, request, name)
      const signal = AbortSignal.any([stopping, goneSignal(reply)])
      const answer = await handler({ caller, params, query, body, request, reply, signal } as Call<RouteName>)
      if (answer !== notModified) return answer
      reply.statusCode = 304
      return reply.send()
    },
  })
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

function observe(server: FastifyInstance, { logger, metrics }: HttpServerParts): void {
  const seconds = metrics.histogram(
    'weir_http_request_seconds',
    'Time from a request to the end of its answer',
    ['route', 'status'],
    [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  )
  server.addHook('onResponse', (request, reply, done) => {
    const api = request.routeOptions.config.routeName ?? 'none'
    seconds.observe({ route: api, status: String(reply.statusCode) }, reply.elapsedTime / 1_000)
    const { caller } = request
    const principal = caller?.kind === 'person' ? caller.principal.subject : caller?.subject
    const fields = { api, requestId: request.id, principal, peer: request.ip, count: reply.statusCode }
    logger.debug({ ...fields, durationMs: Math.round(reply.elapsedTime) }, 'request')
    done()
  })
}

/** Lets requests finish for half of the drain time, then closes what is left. */
export async function stopHttpServer(server: FastifyInstance, drainMs: number): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), drainMs / 2)
  await server.close()
  clearTimeout(timer)
}
