import { isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { KafkaProtocolError } from '@weir/kafka-protocol'
import type { Frame, SlabPool } from '@weir/kafka-protocol'
import { WeirError } from '@weir/kernel'
import type { KafkaGatewayConfig, Limits } from '../config.ts'
import { Transport } from '../listener/transport.ts'
import { authenticateUpstream } from './authentication.ts'

export type BrokerAddress = { readonly host: string; readonly port: number }

export type UpstreamOptions = {
  readonly tls: KafkaGatewayConfig['upstream']['tls']
  readonly sasl: KafkaGatewayConfig['upstream']['sasl']
  readonly limits: Limits
  readonly pool: SlabPool
}

/** Takes the answer to one request; releases the frame when its bytes are no longer needed. */
export type AnswerTaker = (frame: Frame) => void

/** The part of a lifetime after which the login is renewed, as Kafka's own clients do (KIP-368: 85 to 95 %). */
const renewAt = 0.85

/**
 * One authenticated connection to one broker. Answers come in the order of the requests, so a queue of takers is all the
 * correlation there is; each answer's correlation id is checked against its request all the same.
 */
export class BrokerConnection {
  readonly #address: BrokerAddress
  readonly #options: UpstreamOptions
  #transport: Transport | undefined
  #takers: { correlationId: number; take: AnswerTaker }[] = []
  #head = 0
  #waiting: { buffers: readonly Buffer[]; correlationId: number; take: AnswerTaker; done: (() => void) | undefined }[] =
    []
  #renewing = false
  #renewal: NodeJS.Timeout | undefined
  #closed = false
  readonly #onClose: (error: Error | undefined) => void
  readonly #onDrain: () => void

  private constructor(
    address: BrokerAddress,
    options: UpstreamOptions,
    events: { onClose(error: Error | undefined): void; onDrain(): void },
  ) {
    this.#address = address
    this.#options = options
    this.#onClose = events.onClose
    this.#onDrain = events.onDrain
  }

  /** Dials, logs in, and resolves with a connection that is ready for requests. Rejects with WEIR_UPSTREAM_*. */
  static async open(
    address: BrokerAddress,
    options: UpstreamOptions,
    events: { onClose(error: Error | undefined): void; onDrain(): void },
  ): Promise<BrokerConnection> {
    const connection = new BrokerConnection(address, options, events)
    try {
      await connection.#connect()
      await connection.#logIn()
    } catch (error) {
      connection.destroy()
      if (error instanceof WeirError) throw error
      const message = `The broker ${address.host}:${address.port} cannot be reached: ${reasonOf(error as Error)}.`
      throw new WeirError('WEIR_UPSTREAM_UNAVAILABLE', message, { cause: error })
    }
    return connection
  }

  get closed(): boolean {
    return this.#closed
  }

  get bufferedBytes(): number {
    return this.#transport?.bufferedBytes ?? 0
  }

  /** Requests without an answer yet. */
  get inFlight(): number {
    return this.#takers.length - this.#head + this.#waiting.length
  }

  /** Sends one request frame; `take` gets its answer, `done` is called when the buffers may be reused. */
  send(buffers: readonly Buffer[], correlationId: number, take: AnswerTaker, done?: () => void): void {
    if (this.#renewing) {
      this.#waiting.push({ buffers, correlationId, take, done })
      return
    }
    this.#takers.push({ correlationId, take })
    this.#transport?.write(buffers, done)
  }

  /** One request and its answer, for the gateway's own purposes. The bytes are the answer behind its size. */
  exchange(request: Buffer, correlationId: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#transport === undefined) {
        reject(new WeirError('WEIR_UPSTREAM_UNAVAILABLE', 'The connection to the broker is closed.'))
        return
      }
      this.#failures.add(reject)
      this.#takers.push({
        correlationId,
        take: (frame) => {
          this.#failures.delete(reject)
          resolve(Buffer.from(frame.bytes.subarray(4)))
          frame.release()
        },
      })
      this.#transport.write([request])
    })
  }

  readonly #failures = new Set<(error: Error) => void>()

  cork(): void {
    this.#transport?.cork()
  }

  uncork(): void {
    this.#transport?.uncork()
  }

  pause(): void {
    this.#transport?.pause()
  }

  resume(): void {
    this.#transport?.resume()
  }

  destroy(): void {
    clearTimeout(this.#renewal)
    this.#transport?.destroy()
  }

  #connect(): Promise<void> {
    const address = this.#address
    const { tls, limits, pool } = this.#options
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no connection within ${limits.connectTimeout} ms`))
      }, limits.connectTimeout)
      const settle = (error: Error | undefined) => {
        clearTimeout(timer)
        if (error === undefined) resolve()
        else reject(error)
      }
      const events = {
        onFrames: (frames: Frame[]) => this.#take(frames),
        onMalformed: (error: Error) => this.#fail(error),
        onDrain: () => this.#onDrain(),
        onClose: (error: Error | undefined) => {
          settle(error ?? new Error('the broker closed the connection'))
          this.#closedBy(error)
        },
      }
      const common = { pool, maxFrameBytes: limits.maxFrameBytes, eagerBytes: Number.POSITIVE_INFINITY, events }
      if (tls === undefined) {
        this.#transport = Transport.dial(address, common, () => settle(undefined))
        return
      }
      const socket = connectTls({
        ...address,
        servername: tls.serverName ?? nameOf(address),
        ca: tls.ca,
        cert: tls.certificate,
        key: tls.key?.reveal(),
        minVersion: 'TLSv1.2',
      })
      socket.once('secureConnect', () => settle(undefined))
      this.#transport = Transport.wrap(socket, common)
    })
  }

  async #logIn(): Promise<void> {
    if (this.#options.sasl === undefined) return
    const lifetimeMs = await authenticateUpstream(this.#options.sasl, (request) => this.exchange(request, 0))
    if (lifetimeMs <= 0) return
    this.#renewal = setTimeout(() => void this.#renewLogIn(), Math.min(lifetimeMs * renewAt, 2 ** 31 - 1))
    this.#renewal.unref()
  }

  /** KIP-368: between the handshake and the last token nothing else may be sent, so requests wait. */
  async #renewLogIn(): Promise<void> {
    this.#renewing = true
    try {
      await this.#logIn()
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    this.#renewing = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const { buffers, correlationId, take, done } of waiting) this.send(buffers, correlationId, take, done)
  }

  #take(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const next = this.#takers[this.#head]
      if (next === undefined || frame.bytes.length < 8 || frame.bytes.readInt32BE(4) !== next.correlationId) {
        frame.release()
        this.#fail(new WeirError('WEIR_PROTOCOL_ERROR', 'The broker answered out of turn.'))
        return
      }
      this.#head++
      if (this.#head > 256 && this.#head * 2 > this.#takers.length) {
        this.#takers = this.#takers.slice(this.#head)
        this.#head = 0
      }
      next.take(frame)
    }
  }

  #fail(error: Error): void {
    this.#transport?.destroy()
    this.#closedBy(error)
  }

  #closedBy(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#renewal)
    const reason = asUpstreamFault(this.#address, error)
    for (const reject of this.#failures) reject(reason)
    this.#failures.clear()
    for (const { done } of this.#waiting) done?.()
    this.#onClose(reason)
  }
}

function asUpstreamFault({ host, port }: BrokerAddress, error: Error | undefined): Error {
  if (error instanceof WeirError || error instanceof KafkaProtocolError) return error
  const what = error === undefined ? 'the broker closed it' : reasonOf(error)
  const message = `The connection to the broker ${host}:${port} ended: ${what}.`
  return new WeirError('WEIR_UPSTREAM_UNAVAILABLE', message, { cause: error })
}

/** RFC 6066 §3: an address is no server name. The certificate is checked against the address all the same. */
function nameOf({ host }: BrokerAddress): string | undefined {
  return isIP(host) === 0 ? host : undefined
}

/** The message of an error of TLS is a line of OpenSSL's own log; what happened is beside it. */
function reasonOf(error: Error & { reason?: unknown }): string {
  return typeof error.reason === 'string' ? error.reason : error.message
}
