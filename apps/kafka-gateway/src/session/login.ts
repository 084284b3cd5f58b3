import type { Session } from '@weir/guard'
import type { Peer } from '@weir/contracts'
import { readRequestHeader } from '@weir/kafka-protocol'
import type { Frame, RequestHeader } from '@weir/kafka-protocol'
import { WeirError } from '@weir/kernel'
import type { Logger } from '@weir/kernel'
import { sizeBytes } from '../enforcement/enforcement.ts'
import type { Services } from '../enforcement/enforcement.ts'
import { answerApiVersions } from './api-versions.ts'
import type { ClientSoftware } from './api-versions.ts'
import { Authentication } from './authentication.ts'
import type { SaslStep } from './authentication.ts'
import type { Pipeline } from './pipeline.ts'

/** A failed login is answered after this long, so that guessing is slow (as a broker's connection.failed.authentication.delay.ms). */
const failedLoginDelayMs = 100

const key = { saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 }

export type LoginEvents = {
  onAuthenticated(session: Session): void
  /** The refusal is written; the connection must end. */
  onRefused(): void
  onTimeout(error: Error): void
  isClosed(): boolean
}

/** A request that is not about who the client is: it goes the way of the others. */
export type OtherRequest = { readonly header: RequestHeader }

/** The part of a connection that finds out who its client is: ApiVersions, SASL, and the time that a client gets for it. */
export class Login {
  #software: ClientSoftware | undefined
  #clientId: string | null = null
  readonly #authentication: Authentication
  readonly #timer: NodeJS.Timeout
  readonly #services: Services
  readonly #peer: Peer
  readonly #logger: Logger
  readonly #pipeline: Pipeline
  readonly #events: LoginEvents

  constructor(parts: {
    services: Services
    peer: Peer
    /** What is left of the time to authenticate. */
    timeoutMs: number
    logger: Logger
    pipeline: Pipeline
    events: LoginEvents
  }) {
    const { services, peer, events } = parts
    this.#services = services
    this.#peer = peer
    this.#logger = parts.logger
    this.#pipeline = parts.pipeline
    this.#events = events
    this.#authentication = new Authentication({
      guard: services.guard,
      clock: services.clock,
      admission: () => ({
        protocol: 'kafka',
        peer,
        clientId: this.#clientId ?? undefined,
        clientSoftware: this.#software === undefined ? undefined : `${this.#software.name} ${this.#software.version}`,
      }),
    })
    this.#timer = setTimeout(() => {
      events.onTimeout(new WeirError('WEIR_LIMIT_EXCEEDED', 'The client did not authenticate in time.'))
    }, parts.timeoutMs)
  }

  get session(): Session | undefined {
    return this.#authentication.session
  }

  /** Between a handshake and its last message only SASL may come. */
  get inExchange(): boolean {
    return this.#authentication.inExchange
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Answers what is about identity (at once, or when the promise settles); hands back what is not. Throws KafkaProtocolError. */
  take(frame: Frame): OtherRequest | Promise<void> | undefined {
    if (this.#authentication.expectsRawMessage) {
      return this.#answerSasl(frame, this.#authentication.authenticateRaw(frame.bytes.subarray(sizeBytes)))
    }
    const header = readRequestHeader(frame.bytes, sizeBytes)
    this.#clientId = header.clientId
    switch (header.apiKey) {
      case key.apiVersions:
        this.#answerVersions(frame, header)
        return undefined
      case key.saslHandshake:
        return this.#answerSasl(frame, Promise.resolve(this.#authentication.handshake(header, frame.bytes)))
      case key.saslAuthenticate:
        return this.#answerSasl(frame, this.#authentication.authenticate(header, frame.bytes))
      default:
        return { header }
    }
  }

  #answerVersions(frame: Frame, header: RequestHeader): void {
    const upstream = this.#services.cluster.versions
    if (upstream === undefined) {
      throw new WeirError('WEIR_UPSTREAM_UNAVAILABLE', 'The cluster has not been reached yet.')
    }
    const place = this.#pipeline.open()
    const { bytes, software } = answerApiVersions(header, frame.bytes, upstream)
    this.#software = software ?? this.#software
    frame.release()
    this.#pipeline.fill(place, [bytes])
  }

  async #answerSasl(frame: Frame, proving: Promise<SaslStep>): Promise<void> {
    const place = this.#pipeline.open()
    const step = await proving
    frame.release()
    if (step.outcome === 'failed') {
      const { code, reason } = step
      this.#logger.warn({ code, reason, peer: this.#peer.address, sessionId: this.session?.id }, 'login refused')
      await new Promise((resolve) => setTimeout(resolve, failedLoginDelayMs))
      if (this.#events.isClosed()) return
      if (step.bytes !== undefined) this.#pipeline.fill(place, [step.bytes])
      this.#events.onRefused()
      return
    }
    if (step.outcome === 'authenticated' && this.session !== undefined) {
      this.stop()
      this.#events.onAuthenticated(this.session)
    }
    if (!this.#events.isClosed()) this.#pipeline.fill(place, step.bytes === undefined ? [] : [step.bytes])
  }
}
