import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Stoppable } from './lifecycle.ts'
import { listen } from './listen.ts'
import type { Metrics } from './metrics.ts'

/** Why a process is or is not ready: one line per part, for the person who looks. */
export type Readiness = { readonly ready: boolean; readonly parts: Readonly<Record<string, string>> }

/** A running admin port; see {@link startAdminServer}. */
export type AdminServer = Stoppable & { readonly host: string; readonly port: number }

/**
 * `/healthz` (200 while the process can answer), `/readyz` (200 or 503 with the parts) and `/metrics` on a port of their own.
 * Throws WEIR_PORT_IN_USE when the port is taken.
 */
export async function startAdminServer(options: {
  host: string
  port: number
  metrics: Metrics
  readiness: () => Readiness
}): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      sendJson(response, 500, { error: error instanceof Error ? error.message : 'unknown' })
    })
  })
  server.headersTimeout = 5_000
  server.requestTimeout = 5_000
  const port = await listen(server, options, 'admin', 'admin.bind')
  return {
    name: 'admin server',
    host: options.host,
    port,
    stop: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  options: { metrics: Metrics; readiness: () => Readiness },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path] = (request.url ?? '').split('?')
  if (path === '/healthz') {
    sendJson(response, 200, { status: 'up' })
  } else if (path === '/readyz') {
    const readiness = options.readiness()
    sendJson(response, readiness.ready ? 200 : 503, readiness)
  } else if (path === '/metrics') {
    const { contentType, body } = await options.metrics.expose()
    response.writeHead(200, { 'content-type': contentType }).end(body)
  } else {
    sendJson(response, 404, { paths: ['/healthz', '/readyz', '/metrics'] })
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
