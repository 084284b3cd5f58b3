import type { Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { Server, TLSSocket } from 'node:tls'
import type { Counter, Logger, Metrics } from '@weir/kernel'
import type { ListenerTls } from '../config-listener.ts'

export type SecureArrival = {
  readonly socket: TLSSocket
  /** What the handshake took of the time that a client has to prove who it is. */
  readonly tookMs: number
}

type Handshake = {
  readonly socket: Socket
  readonly beganMs: number
  readonly timer: NodeJS.Timeout
  readonly onSecure: (arrival: SecureArrival) => void
}

/** Why a handshake came to nothing, as the label of its metric. */
type Failure = 'abandoned' | 'certificate' | 'protocol' | 'timeout'

/**
 * The TLS side of all ports: takes accepted sockets, hands over those whose handshake is done. One TLS server that never
 * listens holds the certificate, and sockets are given to it, as `tls.Server` provides for with its event 'connection'.
 */
export class TlsTermination {
  /** By both ends of the connection, which is all that a plain socket and the secure one made of it have in common. */
  readonly #handshakes = new Map<string, Handshake>()
  readonly #server: Server
  readonly #clientAuth: ListenerTls['clientAuth']
  readonly #timeoutMs: number
  readonly #logger: Logger
  readonly #failures: Counter

  constructor(parts: { tls: ListenerTls; timeoutMs: number; logger: Logger; metrics: Metrics }) {
    const { certificate, key, clientCa, clientAuth } = parts.tls
    this.#clientAuth = clientAuth
    this.#timeoutMs = parts.timeoutMs
    this.#logger = parts.logger
    this.#failures = parts.metrics.counter(
      'weir_kafka_tls_handshakes_failed_total',
      'TLS handshakes of clients that came to nothing, by reason',
      ['reason'],
    )
    this.#server = createServer({
      cert: certificate,
      key: key.reveal(),
      ca: clientCa,
      minVersion: 'TLSv1.2',
      requestCert: clientAuth !== 'none',
      // Node would drop such a client without a word; it is looked at when the handshake is done, and then told of.
      rejectUnauthorized: false,
    })
    this.#server.on('secureConnection', (socket) => this.#complete(socket))
    this.#server.on('tlsClientError', (error: Error & { code?: string }, socket) => {
      const failure = error.code === 'ECONNRESET' ? 'abandoned' : 'protocol'
      this.#fail(endsOf(socket), failure, reasonOf(error))
    })
  }

  /** Handshakes under way; they are connections to every limit. */
  get pending(): number {
    return this.#handshakes.size
  }

  /** Begins the handshake. `onSecure` is called when it is done in time, and the socket is closed when it is not. */
  secure(socket: Socket, onSecure: (arrival: SecureArrival) => void): void {
    const ends = endsOf(socket)
    const timer = setTimeout(() => {
      this.#fail(ends, 'timeout', 'not done in time')
      socket.destroy()
    }, this.#timeoutMs)
    this.#handshakes.set(ends, { socket, beganMs: performance.now(), timer, onSecure })
    socket.once('close', () => this.#fail(ends, 'abandoned', 'the client went away'))
    // An error of the plain socket closes it; the close is what is told.
    socket.on('error', () => undefined)
    this.#server.emit('connection', socket)
  }

  /** Ends the handshakes under way. */
  stop(): void {
    for (const { socket, timer } of this.#handshakes.values()) {
      clearTimeout(timer)
      socket.destroy()
    }
    this.#handshakes.clear()
  }

  #complete(socket: TLSSocket): void {
    const ends = endsOf(socket)
    const problem = this.#certificateProblem(socket)
    if (problem !== undefined) this.#fail(ends, 'certificate', problem)
    const handshake = this.#take(ends)
    if (handshake === undefined) socket.destroy()
    else handshake.onSecure({ socket, tookMs: performance.now() - handshake.beganMs })
  }

  #certificateProblem(socket: TLSSocket): string | undefined {
    if (this.#clientAuth === 'none' || socket.authorized) return undefined
    if (socket.getPeerX509Certificate() === undefined) {
      return this.#clientAuth === 'required' ? 'the client showed no certificate' : undefined
    }
    return `the certificate of the client is refused: ${String(socket.authorizationError)}`
  }

  /**
   * Counts and tells, once for each handshake. It closes nothing: to destroy the plain socket while OpenSSL is at work on
   * it, as in events of TLS, would crash the process, and there Node or the caller closes the secure one.
   */
  #fail(ends: string, failure: Failure, reason: string): void {
    const handshake = this.#take(ends)
    if (handshake === undefined) return
    this.#failures.inc({ reason: failure })
    const fields = { code: 'WEIR_PROTOCOL_ERROR', reason, peer: handshake.socket.remoteAddress }
    // Load balancers look whether a port is open in just this way, every few seconds.
    if (failure === 'abandoned') this.#logger.debug(fields, 'TLS handshake failed')
    else this.#logger.warn(fields, 'TLS handshake failed')
  }

  #take(ends: string): Handshake | undefined {
    const handshake = this.#handshakes.get(ends)
    if (handshake === undefined) return undefined
    clearTimeout(handshake.timer)
    this.#handshakes.delete(ends)
    return handshake
  }
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}

/** OpenSSL's own words, without its source files and addresses. */
function reasonOf(error: Error & { reason?: string; code?: string }): string {
  return error.reason ?? error.code ?? error.message
}
