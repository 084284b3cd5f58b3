import type { Guard, Admission, Session } from '@weir/guard'
import {
  KafkaProtocolError,
  decodeRequest,
  encodeResponse,
  errorCode,
  saslAuthenticate,
  saslHandshake,
} from '@weir/kafka-protocol'
import type { RequestHeader } from '@weir/kafka-protocol'
import type { Clock } from '@weir/kernel'
import { handshakeAnswer, isMechanism, readCredential } from './sasl.ts'
import type { Mechanism } from './sasl.ts'

/** What one SASL message leads to. `failed`: the answer is sent after a delay, then the connection ends. */
export type SaslStep = {
  readonly bytes: Buffer | undefined
  readonly outcome: 'continue' | 'authenticated' | 'renewed' | 'failed'
  /** For the log of a failure. */
  readonly code?: string
  readonly reason?: string
}

/** A second re-authentication within this long is refused, as a broker does (KIP-368). */
const renewalPauseMs = 1_000

/**
 * The login of one connection, and its renewals: mechanism, then credential. The same principal and mechanism for the whole life
 * of the connection.
 */
export class Authentication {
  #awaiting: 'handshake' | 'message' | 'raw-message' = 'handshake'
  #mechanism: Mechanism | undefined
  #session: Session | undefined
  #provenAtMs = 0
  readonly #guard: Guard
  readonly #clock: Clock
  readonly #admission: () => Omit<Admission, 'mechanism'>

  constructor(parts: { guard: Guard; clock: Clock; admission: () => Omit<Admission, 'mechanism'> }) {
    this.#guard = parts.guard
    this.#clock = parts.clock
    this.#admission = parts.admission
  }

  get session(): Session | undefined {
    return this.#session
  }

  /** The next frame is a bare token without a Kafka header (SaslHandshake v0). */
  get expectsRawMessage(): boolean {
    return this.#awaiting === 'raw-message'
  }

  /** Between a handshake and its last message only SASL may come. */
  get inExchange(): boolean {
    return this.#awaiting !== 'handshake'
  }

  handshake(header: RequestHeader, message: Buffer): SaslStep {
    const { mechanism } = decodeRequest(saslHandshake, header.apiVersion, message, header.bodyOffset)
    const reply = (answer: { errorCode: number; mechanisms: string[] }) =>
      encodeResponse(saslHandshake, header.apiVersion, header.correlationId, answer)
    const mayStart = this.#awaiting === 'handshake' && !this.#tooSoon()
    if (!mayStart || (this.#session !== undefined && header.apiVersion === 0)) {
      const bytes = reply({ errorCode: errorCode.ILLEGAL_SASL_STATE, mechanisms: [] })
      return { bytes, outcome: 'failed', code: 'WEIR_PROTOCOL_ERROR', reason: 'SaslHandshake out of turn' }
    }
    const answer = handshakeAnswer(mechanism)
    if (!isMechanism(mechanism)) {
      const reason = `mechanism ${JSON.stringify(mechanism.slice(0, 40))} is not offered`
      return { bytes: reply(answer), outcome: 'failed', code: 'WEIR_UNSUPPORTED', reason }
    }
    if (this.#mechanism !== undefined && this.#mechanism !== mechanism) {
      const reason = 'Re-authentication must use the mechanism that opened the session.'
      const bytes = reply({ errorCode: errorCode.ILLEGAL_SASL_STATE, mechanisms: [...answer.mechanisms] })
      return { bytes, outcome: 'failed', code: 'WEIR_PRINCIPAL_CHANGED', reason }
    }
    this.#mechanism = mechanism
    this.#awaiting = header.apiVersion === 0 ? 'raw-message' : 'message'
    return { bytes: reply(answer), outcome: 'continue' }
  }

  async authenticate(header: RequestHeader, message: Buffer): Promise<SaslStep> {
    const { authBytes } = decodeRequest(saslAuthenticate, header.apiVersion, message, header.bodyOffset)
    const reply = (errorNumber: number, errorMessage: string | null, sessionLifetimeMs = 0n) =>
      encodeResponse(saslAuthenticate, header.apiVersion, header.correlationId, {
        errorCode: errorNumber,
        errorMessage,
        authBytes: Buffer.alloc(0),
        sessionLifetimeMs,
      })
    if (this.#awaiting !== 'message') {
      const reason = 'SaslAuthenticate without a SaslHandshake before it'
      const bytes = reply(errorCode.ILLEGAL_SASL_STATE, reason)
      return { bytes, outcome: 'failed', code: 'WEIR_PROTOCOL_ERROR', reason }
    }
    const proof = await this.#prove(authBytes)
    if ('reason' in proof) {
      return { bytes: reply(errorCode.SASL_AUTHENTICATION_FAILED, proof.reason), outcome: 'failed', ...proof }
    }
    const lifetimeMs = BigInt(Math.max(1, Math.floor(proof.session.remainingMs())))
    return { bytes: reply(errorCode.NONE, null, lifetimeMs), outcome: proof.renewed ? 'renewed' : 'authenticated' }
  }

  /** A bare token: the answer is a bare, empty token; a failure has no answer but the end of the connection. */
  async authenticateRaw(token: Buffer): Promise<SaslStep> {
    const proof = await this.#prove(token)
    if ('reason' in proof) return { bytes: undefined, outcome: 'failed', ...proof }
    return { bytes: Buffer.alloc(4), outcome: 'authenticated' }
  }

  async #prove(message: Buffer): Promise<{ session: Session; renewed: boolean } | { code: string; reason: string }> {
    if (this.#mechanism === undefined) throw new KafkaProtocolError('malformed', 'A SASL message before its handshake.')
    this.#awaiting = 'handshake'
    const presented = readCredential(this.#mechanism, message)
    if ('problem' in presented) return { code: 'WEIR_TOKEN_MALFORMED', reason: presented.problem }
    if (this.#session !== undefined) {
      const renewed = await this.#guard.renew(this.#session, presented.credential)
      if ('refused' in renewed) return { code: renewed.code, reason: renewed.reason }
      this.#provenAtMs = this.#clock.monotonicMs()
      return { session: this.#session, renewed: true }
    }
    const admitted = await this.#guard.admit(presented.credential, { ...this.#admission(), mechanism: this.#mechanism })
    if ('refused' in admitted) return { code: admitted.code, reason: admitted.reason }
    this.#session = admitted
    this.#provenAtMs = this.#clock.monotonicMs()
    return { session: admitted, renewed: false }
  }

  #tooSoon(): boolean {
    return this.#session !== undefined && this.#clock.monotonicMs() - this.#provenAtMs < renewalPauseMs
  }
}
