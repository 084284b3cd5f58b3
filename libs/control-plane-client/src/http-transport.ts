import { Agent as PlainAgent, request as requestInPlain } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { Agent as TlsAgent, request as requestOverTls } from 'node:https'
import { createSecureContext } from 'node:tls'
import { WeirError } from '@weir/kernel'
import { clientTlsProblem } from './client-tls.ts'
import type { ClientTls } from './client-tls.ts'

export type HttpRequest = {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
  readonly signal: AbortSignal
}

export type HttpAnswer = { readonly status: number; readonly body: string }

/** Sends one request and reads its answer, whatever the status; follows no redirect. Rejects with what ended the connection. */
export type HttpTransport = (request: HttpRequest) => Promise<HttpAnswer>

/** More than any answer of the API; an answer that does not end must not fill the memory. */
const answerLimitBytes = 64 * 1024 * 1024
/** Below the 60 s and more after which servers and proxies close idle connections: else a request may meet the end of one. */
const idleMs = 30_000

/**
 * Requests over kept-alive connections. Not `fetch`, which cannot be given a client certificate.
 * Throws WEIR_CONFIG_INVALID for TLS settings that cannot be used, or that an http address would leave unused.
 */
export function createTransport(baseUrl: URL, tls: ClientTls | undefined): HttpTransport {
  const start = baseUrl.protocol === 'https:' ? overTls(tls ?? {}) : inPlain(baseUrl, tls)
  return ({ url, body, method, headers, signal }) =>
    new Promise((resolve, reject) => {
      const request = start(url, { method, headers: { ...headers }, signal }, (response) => {
        readBounded(response)
          .then((text) => resolve({ status: response.statusCode!, body: text }), reject)
          .finally(() => {
            // Who answers before the whole body was sent may never read the rest of it.
            if (!request.writableFinished) request.destroy()
          })
      })
      request.on('error', reject)
      request.end(body)
    })
}

type Start = (url: URL, options: RequestOptions, onResponse: (response: IncomingMessage) => void) => ClientRequest

function inPlain(baseUrl: URL, tls: ClientTls | undefined): Start {
  if (baseUrl.protocol !== 'http:') throw invalid(`${baseUrl.protocol} is not http: or https:`)
  if (tls !== undefined) throw invalid(`TLS settings need an https: address, not ${baseUrl.origin}`)
  const agent = new PlainAgent({ keepAlive: true, timeout: idleMs })
  return (url, options, onResponse) => requestInPlain(url, { ...options, agent }, onResponse)
}

function overTls(tls: ClientTls): Start {
  const problem = clientTlsProblem(tls)
  if (problem !== undefined) throw invalid(`tls.${problem.part} ${problem.message}`)
  const { ca, certificate: cert, key, serverName } = tls
  const agent = new TlsAgent({
    keepAlive: true,
    timeout: idleMs,
    secureContext: createSecureContext({ ca, cert, key, minVersion: 'TLSv1.2' }),
    // A resumed session would skip the look at both certificates, and so outlive them.
    maxCachedSessions: 0,
    ...(serverName === undefined ? {} : { servername: serverName }),
  })
  return (url, options, onResponse) => requestOverTls(url, { ...options, agent }, onResponse)
}

async function readBounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > answerLimitBytes) throw new Error(`the answer is larger than ${answerLimitBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function invalid(why: string): WeirError {
  return new WeirError('WEIR_CONFIG_INVALID', `The control plane cannot be asked in this way: ${why}.`)
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'it closed the connection without an answer',
  EPIPE: 'it closed the connection without an answer',
  ENOTFOUND: 'its name is not known',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
}
const untrusted = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET_ISSUER|VERIFY)\w+)$/

/** In words for an operator, what ended a connection. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return 'the connection failed'
  const { code, message } = error
  if (untrusted.test(code)) return 'its certificate comes from an authority that is not trusted here'
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    // OpenSSL's text is the only place where it says what the other side did.
    if (/wrong version number|packet length too long/.test(message)) return 'it does not speak TLS'
    if (/alert/.test(message)) return 'it ended the TLS handshake; look at the client certificate, and at its log'
  }
  return reasons[code] ?? `the connection failed (${code})`
}
