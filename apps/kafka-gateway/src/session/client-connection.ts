import type { Socket } from 'node:net'
import type { Session } from '@weir/guard'
import { KafkaProtocolError, readRequestHeader } from '@weir/kafka-protocol'
import type { Frame, RequestHeader, SlabPool } from '@weir/kafka-protocol'
import { WeirError } from '@weir/kernel'
import type { Logger } from '@weir/kernel'
import { sizeBytes } from '../enforcement/enforcement.ts'
import { enforcements } from '../enforcement/index.ts'
import type { Answer, Call, Services, Step } from '../enforcement/enforcement.ts'
import { FetchSessions } from '../enforcement/fetch-session.ts'
import { Transport } from '../listener/transport.ts'
import { BrokerConnection } from '../upstream/broker-connection.ts'
import type { BrokerAddress, UpstreamOptions } from '../upstream/broker-connection.ts'
import { answerApiVersions, servedRange } from './api-versions.ts'
import type { ClientSoftware } from './api-versions.ts'
import { Authentication } from './authentication.ts'
import type { SaslStep } from './authentication.ts'
import { Pipeline } from './pipeline.ts'
import type { Place } from './pipeline.ts'

/** A failed login is answered after this long, so that guessing is slow (as a broker's connection.failed.authentication.delay.ms). */
const failedLoginDelayMs = 100

const key = { saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 }

export type ConnectionParts = {
  readonly services: Services
  readonly pool: SlabPool
  readonly upstream: UpstreamOptions
  readonly logger: Logger
  /** Where requests of this connection go; undefined when that broker is not known. */
  readonly target: () => BrokerAddress | undefined
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
  readonly #authentication: Authentication
  readonly #fetchSessions: FetchSessions
  readonly #loginTimer: NodeJS.Timeout
  readonly #peer: { address: string; port: number; tls: boolean }
  #queue: Frame[] = []
  #busy = false
  #closed = false
  #draining = false
  #upstream: BrokerConnection | undefined
  #software: ClientSoftware | undefined
  #clientId: string | null = null
  #lastRequestMs: number
  #endReason = 'client'

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#parts = parts
    const { services, pool } = parts
    const { limits, clock } = services
    this.#transport = Transport.accept(socket, {
      pool,
      maxFrameBytes: limits.maxFrameBytesBeforeAuthentication,
      events: {
        onFrames: (frames) => this.#onFrames(frames),
        onMalformed: (error) => this.#fail(error),
        onDrain: () => this.#balance(),
        onClose: () => this.#onClose(),
      },
    })
    this.#peer = { ...this.#transport.remote, tls: false }
    this.#pipeline = new Pipeline((buffers, done) => {
      this.#transport.write(buffers, done)
    })
    this.#authentication = new Authentication({
      guard: services.guard,
      clock,
      admission: () => ({
        protocol: 'kafka',
        peer: this.#peer,
        clientId: this.#clientId ?? undefined,
        clientSoftware: this.#software === undefined ? undefined : `${this.#software.name} ${this.#software.version}`,
      }),
    })
    this.#fetchSessions = new FetchSessions(limits.maxFetchSessionPartitions)
    this.#lastRequestMs = clock.monotonicMs()
    this.#loginTimer = setTimeout(() => {
      this.#close('limit', new WeirError('WEIR_LIMIT_EXCEEDED', 'The client did not authenticate in time.'))
    }, limits.authenticationTimeout)
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

  /** Takes requests as long as none has to wait; writes of one turn leave together. */
  #work(): void {
    if (this.#busy || this.#closed) return
    const upstream = this.#upstream
    upstream?.cork()
    this.#transport.cork()
    let taken = 0
    while (taken < this.#queue.length && !this.#closed && !this.#draining) {
      if (this.#pipeline.size >= this.#parts.services.limits.maxRequestsInFlight) break
      const waiting = this.#take(this.#queue[taken++] as Frame)
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
    this.#queue = taken === this.#queue.length ? [] : this.#queue.slice(taken)
    this.#transport.uncork()
    upstream?.uncork()
    this.#balance()
  }

  #take(frame: Frame): Promise<void> | undefined {
    try {
      const message = frame.bytes
      if (this.#authentication.expectsRawMessage) {
        return this.#takeSasl(frame, this.#authentication.authenticateRaw(message.subarray(sizeBytes)))
      }
      const header = readRequestHeader(message, sizeBytes)
      this.#clientId = header.clientId
      if (header.apiKey === key.apiVersions) return this.#takeApiVersions(frame, header, message)
      if (header.apiKey === key.saslHandshake) {
        return this.#takeSasl(frame, Promise.resolve(this.#authentication.handshake(header, message)))
      }
      if (header.apiKey === key.saslAuthenticate) {
        return this.#takeSasl(frame, this.#authentication.authenticate(header, message))
      }
      return this.#takeRequest(frame, header)
    } catch (error) {
      this.#fail(error as Error)
      return undefined
    }
  }

  #takeApiVersions(frame: Frame, header: RequestHeader, message: Buffer): undefined {
    const upstream = this.#parts.services.cluster.versions
    if (upstream === undefined)
      throw new WeirError('WEIR_UPSTREAM_UNAVAILABLE', 'The cluster has not been reached yet.')
    const place = this.#pipeline.open()
    const { bytes, software } = answerApiVersions(header, message, upstream)
    this.#software = software ?? this.#software
    frame.release()
    this.#pipeline.fill(place, [bytes])
    return undefined
  }

  async #takeSasl(frame: Frame, proving: Promise<SaslStep>): Promise<void> {
    const place = this.#pipeline.open()
    const wasRaw = this.#authentication.expectsRawMessage
    const step = await proving
    frame.release()
    if (step.outcome === 'failed') {
      const { code, reason } = step
      this.#parts.logger.warn({ code, reason, peer: this.#peer.address, sessionId: this.#session?.id }, 'login refused')
      this.#endReason = 'refused'
      await new Promise((resolve) => setTimeout(resolve, failedLoginDelayMs))
      if (this.#closed) return
      if (step.bytes !== undefined) this.#pipeline.fill(place, [step.bytes])
      this.#transport.end()
      return
    }
    if (step.outcome === 'authenticated') this.#onAuthenticated()
    this.#pipeline.fill(place, step.bytes === undefined || (wasRaw && this.#closed) ? [] : [step.bytes])
  }

  get #session(): Session | undefined {
    return this.#authentication.session
  }

  #onAuthenticated(): void {
    const session = this.#session as Session
    clearTimeout(this.#loginTimer)
    this.#transport.maxFrameBytes = this.#parts.services.limits.maxFrameBytes
    session.onChange((change) => {
      if (change !== 'policy') this.#close(change, undefined)
    })
    // The client may have gone while its credential was being verified.
    if (this.#closed) this.#parts.services.guard.end(session, this.#endReason)
  }

  #takeRequest(frame: Frame, header: RequestHeader): Promise<void> | undefined {
    const session = this.#session
    const { cluster } = this.#parts.services
    if (session === undefined || this.#authentication.inExchange) {
      throw new KafkaProtocolError('malformed', `API ${header.apiKey} before authentication.`)
    }
    const range = cluster.versions === undefined ? undefined : servedRange(header.apiKey, cluster.versions)
    const enforcement = enforcements.get(header.apiKey)
    if (
      range === undefined ||
      enforcement === undefined ||
      header.apiVersion < range[0] ||
      header.apiVersion > range[1]
    ) {
      throw new KafkaProtocolError(
        'unsupported-version',
        `API ${header.apiKey} version ${header.apiVersion} is not served.`,
      )
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
    if (this.#upstream !== undefined) {
      this.#forward(this.#upstream, call, place, step)
      return undefined
    }
    return this.#dial().then((upstream) => {
      if (this.#closed) {
        call.frame.release()
        upstream.destroy()
      } else {
        this.#forward(upstream, call, place, step)
      }
    })
  }

  #forward(upstream: BrokerConnection, call: Call, place: Place, step: Extract<Step, { kind: 'forward' }>): void {
    const { frame, header } = call
    const requests = step.requests ?? [[frame.bytes]]
    const answers: Frame[] = []
    const take = (answer: Frame) => {
      answers.push(answer)
      if (answers.length === requests.length) this.#onAnswers(place, step.answer, answers)
    }
    let unsent = requests.length
    for (const request of requests) {
      upstream.send(request, header.correlationId, take, () => {
        if (--unsent === 0) frame.release()
      })
    }
  }

  #onAnswers(place: Place, answer: Extract<Step, { kind: 'forward' }>['answer'], frames: readonly Frame[]): void {
    const release = () => {
      for (const frame of frames) frame.release()
    }
    if (answer === undefined) {
      this.#fill(place, { kind: 'as-is' }, frames, release)
      return
    }
    try {
      const result = answer(frames.map((frame) => frame.bytes))
      if (result instanceof Promise) {
        result.then(
          (settled) => this.#fill(place, settled, frames, release),
          (error: unknown) => this.#failWith(error as Error, release),
        )
      } else {
        this.#fill(place, result, frames, release)
      }
    } catch (error) {
      this.#failWith(error as Error, release)
    }
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

  async #dial(): Promise<BrokerConnection> {
    const address = this.#parts.target()
    if (address === undefined) {
      throw new WeirError('WEIR_UPSTREAM_UNAVAILABLE', 'The broker of this port is not known at present.')
    }
    this.#upstream = await BrokerConnection.open(address, this.#parts.upstream, {
      onClose: (error) => this.#close('upstream', error),
      onDrain: () => this.#balance(),
    })
    return this.#upstream
  }

  /** Reads each side only while the other takes it. */
  #balance(): void {
    if (this.#closed || this.#draining) return
    const { maxBufferedBytes, maxRequestsInFlight } = this.#parts.services.limits
    const clientFull = this.#transport.bufferedBytes > maxBufferedBytes
    const upstreamFull = (this.#upstream?.bufferedBytes ?? 0) > maxBufferedBytes
    const mustWait = this.#busy || this.#queue.length > 0 || this.#pipeline.size >= maxRequestsInFlight
    if (clientFull || upstreamFull || mustWait) this.#transport.pause()
    else this.#transport.resume()
    if (clientFull) this.#upstream?.pause()
    else this.#upstream?.resume()
  }

  #endIfDrained(): void {
    if (this.#draining && this.#pipeline.size === 0 && !this.#closed) this.#transport.end()
  }

  #failWith(error: Error, release: () => void): void {
    release()
    this.#fail(error)
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
      const fields = { code, reason: error.message, peer: this.#peer.address, sessionId: this.#session?.id }
      if (code === undefined) this.#parts.logger.error({ ...fields, err: error }, 'connection closed by a fault')
      else this.#parts.logger.warn(fields, 'connection closed')
    }
    this.#transport.destroy()
    this.#onClose()
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#loginTimer)
    for (const frame of this.#queue) frame.release()
    this.#queue = []
    this.#pipeline.abandon()
    this.#upstream?.destroy()
    if (this.#session !== undefined) this.#parts.services.guard.end(this.#session, this.#endReason)
    this.#parts.onClosed(this)
  }
}
