import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { createLogger } from '@weir/kernel'
import type { Logger } from '@weir/kernel'
import { onTestFinished } from 'vitest'

export type Call = {
  readonly method: string
  readonly url: URL
  readonly request: IncomingMessage
  readonly body: Buffer
}

export type Reply = { status?: number; json?: unknown; text?: string; headers?: Record<string, string> }

/** An http server, or https with `tls`, whose answers a test decides; undefined leaves the request without one. */
export async function server(
  answer: (call: Call, response: ServerResponse) => Reply | undefined | Promise<Reply | undefined>,
  tls?: ServerOptions,
) {
  const calls: Call[] = []
  const answerCall = (request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const call = {
        method: request.method!,
        url: new URL(request.url!, 'http://server'),
        request,
        body: Buffer.concat(chunks),
      }
      calls.push(call)
      const reply = await answer(call, response)
      if (reply === undefined) return
      const text = reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json))
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers }).end(text)
    })()
  }
  const http = tls === undefined ? createServer(answerCall) : createTlsServer(tls, answerCall)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      http.close(() => resolve())
      http.closeAllConnections()
    })
  onTestFinished(stop)
  return { url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, port, calls, stop }
}

/** A logger and the lines that it wrote. */
export function memoryLogger(): { logger: Logger; lines: { level: string; message: string; code?: string }[] } {
  const lines: { level: string; message: string; code?: string }[] = []
  const destination = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { logger: createLogger({ app: 'test', destination }), lines }
}

/** Waits until `probe` gives something. */
export async function until<T>(probe: () => T | undefined | false, limitMs = 8_000): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const value = probe()
    if (value !== undefined && value !== false) return value
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${probe.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
