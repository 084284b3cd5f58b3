import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Session } from '@weir/guard'
import { KafkaProtocolError } from '@weir/kafka-protocol'
import type { Frame, RequestHeader, SlabPool } from '@weir/kafka-protocol'
import { WeirError } from '@weir/kernel'
import type { Logger } from '@weir/kernel'
import { enforcements } from '../enforcement/index.ts'
import type { Answer, Call, Services, Step } from '../enforcement/enforcement.ts'
import { FetchSessions } from '../enforcement/fetch-session.ts'
import { Transport } from '../listener/transport.ts'
import type { TransportOptions } from '../listener/transport.ts'
import type { BrokerAddress, UpstreamOptions } from '../upstream/broker-connection.ts'
import { isServed } from './api-versions.ts'
import { Login } from './login.ts'
import { Pipeline } from './pipeline.ts'
import type { Place } from './pipeline.ts'
import { UpstreamLink } from './upstream-link.ts'
import type { Forward } from './upstream-link.ts'

export type ConnectionParts = {
  readonly services: Services
  readonly pool: SlabPool
  readonly upstream: UpstreamOptions
  readonly logger: Logger
  /** Where requests of this connection go; undefined when that broker is not known. */
  readonly target: () => BrokerAddress | undefined
  /** What a TLS handshake took of the time that the client has to prove who it is. */
  readonly handshakeMs: number
  readonly onClosed: (connection: ClientConnection) => void
}

/**
 * One client connection and its one connection to a broker: requests are taken one after the other, answers leave in the
 * same order, and each side is read only as fast as the other takes it.
 */
export class ClientConnection {
  readonly #parts: ConnectionParts
  readonly #transport: Transport
  readonly #pipeline: Pipeline
  readonly #login: Login
  readonly #fetchSessions: FetchSessions
  readonly #link: UpstreamLink
  readonly #peer: { address: string; port: number; tls: boolean }
  #queue: Frame[] = []
  #busy = false
  #closed = false
  #draining = false
  #lastRequestMs: number
  #endReason = 'client'

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#parts = parts
    const { services, pool } = parts
    const { limits, clock } = services
    const isSecure = socket instanceof TLSSocket
    const options: TransportOptions = {
      pool,
      maxFrameBytes: limits.maxFrameBytesBeforeAuthentication,
      events: {
        onFrames: (frames) => this.#onFrames(frames),
        onMalformed: (error) => this.#fail(error),
        onDrain: () => this.#balance(),
        onClose: () => this.#onClose(),
      },
    }
    this.#transport = isSecure ? Transport.wrap(socket, options) : Transport.accept(socket, options)
    this.#peer = { ...this.#transport.remote, tls: isSecure }
    this.#pipeline = new Pipeline((buffers, done) => {
      this.#transport.write(buffers, done)
    })
    this.#login = new Login({
      services,
      peer: this.#peer,
      timeoutMs: Math.max(0, limits.authenticationTimeout - parts.handshakeMs),
      logger: parts.logger,
      pipeline: this.#pipeline,
      events: {
        onAuthenticated: (session) => this.#onAuthenticated(session),
        onRefused: () => {
          this.#endReason = 'refused'
          this.#transport.end()
        },
        onTimeout: (error) => this.#close('limit', error),
        isClosed: () => this.#closed,
      },
    })
    this.#link = new UpstreamLink({
      target: parts.target,
      options: parts.upstream,
      events: { onClose: (error) => this.#close('upstream', error), onDrain: () => this.#balance() },
    })
    this.#fetchSessions = new FetchSessions(limits.maxFetchSessionPartitions)
    this.#lastRequestMs = clock.monotonicMs()
  }

  /** Closes a connection that asked nothing for the idle limit and waits for nothing. */
  closeIfIdle(nowMs: number): void {
    const idle = this.#pipeline.size === 0 && nowMs - this.#lastRequestMs > this.#parts.services.limits.idleTimeout
    if (idle) this.#close('limit', undefined)
  }

  /** Takes no more requests; ends when what was taken is answered. */
  drain(): void {
    this.#draining = true
    this.#endReason = 'drained'
    this.#transport.pause()
    this.#endIfDrained()
  }

  destroy(reason: string): void {
    this.#close(reason, undefined)
  }

  #onFrames(frames: Frame[]): void {
    this.#lastRequestMs = this.#parts.services.clock.monotonicMs()
    if (this.#queue.length === 0) this.#queue = frames
    else this.#queue.push(...frames)
    this.#work()
  }

  /** Takes requests as long as none has to wait; what they cause to be written at once leaves together. */
  #work(): void {
    if (this.#busy || this.#closed) return
    const upstream = this.#link.connection
    upstream?.cork()
    this.#transport.cork()
    // A frame that was taken belongs to its request: a fault of a later one must not give back bytes that are still being sent.
    const queue = this.#queue
    this.#queue = []
    let taken = 0
    while (taken < queue.length && !this.#closed && !this.#draining) {
      if (this.#pipeline.size >= this.#parts.services.limits.maxRequestsInFlight) break
      const waiting = this.#take(queue[taken++] as Frame)
      if (waiting === undefined) continue
      this.#busy = true
      waiting.then(
        () => {
          this.#busy = false
          this.#work()
        },
        (error: unknown) => this.#fail(error as Error),
      )
      break
    }
    const left = queue.slice(taken)
    if (this.#closed) for (const frame of left) frame.release()
    else this.#queue = left
    this.#transport.uncork()
    upstream?.uncork()
    this.#balance()
  }

  #take(frame: Frame): Promise<void> | undefined {
    try {
      const taken = this.#login.take(frame)
      return taken === undefined || taken instanceof Promise ? taken : this.#takeRequest(frame, taken.header)
    } catch (error) {
      this.#fail(error as Error)
      return undefined
    }
  }

  #onAuthenticated(session: Session): void {
    this.#transport.maxFrameBytes = this.#parts.services.limits.maxFrameBytes
    session.onChange((change) => {
      if (change !== 'policy') this.#close(change, undefined)
    })
    // The client may have gone while its credential was being verified.
    if (this.#closed) this.#parts.services.guard.end(session, this.#endReason)
  }

  #takeRequest(frame: Frame, header: RequestHeader): Promise<void> | undefined {
    const { session } = this.#login
    const { cluster } = this.#parts.services
    if (session === undefined || this.#login.inExchange) {
      throw new KafkaProtocolError('malformed', `API ${header.apiKey} before authentication.`)
    }
    const enforcement = enforcements.get(header.apiKey)
    if (enforcement === undefined || !isServed(header, cluster.versions)) {
      const message = `API ${header.apiKey} version ${header.apiVersion} is not served.`
      throw new KafkaProtocolError('unsupported-version', message)
    }
    const call: Call = {
      services: this.#parts.services,
      session,
      header,
      frame,
      version: header.apiVersion,
      fetchSessions: this.#fetchSessions,
    }
    const place = this.#pipeline.open()
    const step = enforcement.handle(call)
    return step instanceof Promise ? step.then((s) => this.#apply(call, place, s)) : this.#apply(call, place, step)
  }

  #apply(call: Call, place: Place, step: Step): Promise<void> | undefined {
    if (this.#closed) {
      call.frame.release()
      return undefined
    }
    if (step.kind === 'answer') {
      call.frame.release()
      this.#pipeline.fill(place, step.bytes)
      return undefined
    }
    if (step.kind === 'close') {
      call.frame.release()
      this.#close('refused', undefined)
      return undefined
    }
    if (this.#link.connection !== undefined) {
      this.#forward(call, place, step)
      return undefined
    }
    return this.#link.dial().then(() => this.#forward(call, place, step))
  }

  #forward(call: Call, place: Place, step: Forward): void {
    this.#link.forward(call, step, {
      onAnswer: (answer, frames, release) => this.#fill(place, answer, frames, release),
      onFault: (error) => this.#fail(error),
    })
  }

  #fill(place: Place, answer: Answer, frames: readonly Frame[], release: () => void): void {
    if (this.#closed) {
      release()
    } else if (answer.kind === 'close') {
      release()
      this.#close('refused', undefined)
    } else {
      const output = answer.kind === 'none' ? [] : answer.kind === 'replace' ? answer.bytes : frames.map((f) => f.bytes)
      this.#pipeline.fill(place, output, release)
      if (this.#queue.length > 0) this.#work()
      else this.#balance()
      this.#endIfDrained()
    }
  }

  /** Reads each side only while the other takes it. */
  #balance(): void {
    if (this.#closed || this.#draining) return
    const { maxBufferedBytes, maxRequestsInFlight } = this.#parts.services.limits
    const upstream = this.#link.connection
    const clientFull = this.#transport.bufferedBytes > maxBufferedBytes
    const upstreamFull = (upstream?.bufferedBytes ?? 0) > maxBufferedBytes
    const mustWait = this.#busy || this.#queue.length > 0 || this.#pipeline.size >= maxRequestsInFlight
    if (clientFull || upstreamFull || mustWait) this.#transport.pause()
    else this.#transport.resume()
    if (clientFull) upstream?.pause()
    else upstream?.resume()
  }

  #endIfDrained(): void {
    if (this.#draining && this.#pipeline.size === 0 && !this.#closed) this.#transport.end()
  }

  #fail(error: Error): void {
    const reason = error instanceof WeirError && error.code.startsWith('WEIR_UPSTREAM') ? 'upstream' : 'protocol-error'
    this.#close(reason, error)
  }

  #close(reason: string, error: Error | undefined): void {
    if (this.#closed) return
    this.#endReason = reason
    if (error !== undefined) {
      const code =
        error instanceof WeirError
          ? error.code
          : error instanceof KafkaProtocolError
            ? 'WEIR_PROTOCOL_ERROR'
            : undefined
      const fields = { code, reason: error.message, peer: this.#peer.address, sessionId: this.#login.session?.id }
      if (code === undefined) this.#parts.logger.error({ ...fields, err: error }, 'connection closed by a fault')
      else this.#parts.logger.warn(fields, 'connection closed')
    }
    this.#transport.destroy()
    this.#onClose()
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#login.stop()
    for (const frame of this.#queue) frame.release()
    this.#queue = []
    this.#pipeline.abandon()
    void this.#link.finish().then(() => {
      const { session } = this.#login
      if (session !== undefined) this.#parts.services.guard.end(session, this.#endReason)
      this.#parts.onClosed(this)
    })
  }
}
