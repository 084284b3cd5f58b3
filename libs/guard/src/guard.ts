import type {
  Decision,
  EvidenceEvent,
  Operation,
  Peer,
  Principal,
  Protocol,
  Recorded,
  Recorder,
  Refusal,
} from '@weir/contracts'
import type { Authenticator } from '@weir/identity'
import { WeirError, newId } from '@weir/kernel'
import type { Clock, Counter, Metrics } from '@weir/kernel'
import type { CompiledPolicy } from '@weir/policy'
import { Session } from './session.ts'

/** What a front end knows of a connection when its client proves who it is. */
export type Admission = {
  readonly protocol: Protocol
  readonly mechanism: string
  readonly peer: Peer
  readonly clientId: string | undefined
  readonly clientSoftware: string | undefined
}

/** Where the guard takes the policy in force from; `undefined` before the first bundle: everything is denied. */
export type PolicySource = { current(): CompiledPolicy | undefined }

/**
 * The one object that a front end calls: who is it, may it, and on the record.
 * It holds no socket and knows no protocol.
 */
export class Guard {
  readonly #sessions = new Map<string, Session>()
  readonly #authenticator: Authenticator
  readonly #policy: PolicySource
  readonly #recorder: Recorder
  readonly #clock: Clock
  readonly #refusals: Counter
  readonly #authentications: Counter

  constructor(parts: {
    authenticator: Authenticator
    policy: PolicySource
    recorder: Recorder
    clock: Clock
    metrics: Metrics
  }) {
    this.#authenticator = parts.authenticator
    this.#policy = parts.policy
    this.#recorder = parts.recorder
    this.#clock = parts.clock
    const { metrics } = parts
    this.#refusals = metrics.counter('weir_guard_refusals_total', 'Operations refused, by effect', ['effect'])
    const authentications = 'weir_guard_authentications_total'
    this.#authentications = metrics.counter(authentications, 'Authentications, by outcome', ['outcome'])
    const sessions = metrics.gauge('weir_guard_sessions_count', 'Open sessions')
    this.#onSessions = () => sessions.set(this.#sessions.size)
  }

  readonly #onSessions: () => void

  /** Open sessions. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  /**
   * Verifies a credential and opens a session. The session's start is written to the record before this resolves;
   * when it cannot be, the client is refused with WEIR_EVIDENCE_UNRECORDABLE. A refusal is on record too.
   */
  async admit(credential: string, admission: Admission): Promise<Session | Refusal> {
    const verified = await this.#verify(credential)
    if ('refused' in verified) return this.#refuse(verified, admission)
    const id = newId('ses')
    const isWritten = await this.#write({
      type: 'session.start',
      sessionId: id,
      protocol: admission.protocol,
      principal: verified,
      peerAddress: admission.peer.address,
      peerPort: admission.peer.port,
      mechanism: admission.mechanism,
      clientId: admission.clientId,
      clientSoftware: admission.clientSoftware,
    })
    if (!isWritten) return this.#counted(unrecordable)
    // A revocation that came since the credential was verified found no session to end.
    if (!this.#authenticator.stillValid(verified)) {
      this.#recorder.append({ type: 'session.end', sessionId: id, reason: 'revoked', totals: [] }, 'buffered')
      return this.#refuse(overtaken, admission)
    }
    const session = new Session({ id, principal: verified, admission, clock: this.#clock })
    this.#sessions.set(id, session)
    this.#onSessions()
    this.#authentications.inc({ outcome: 'admitted' })
    return session
  }

  /**
   * Re-authentication on a live session: the same principal only, so that the record of a session has one person.
   * On success the session lives until the new credential ends.
   */
  async renew(session: Session, credential: string): Promise<Principal | Refusal> {
    const verified = await this.#verify(credential)
    if ('refused' in verified) return this.#refuse(verified, session.admission)
    if (!session.isSamePrincipal(verified)) {
      const reason = 'Re-authentication must prove the principal that opened the session.'
      return this.#refuse({ refused: true, code: 'WEIR_PRINCIPAL_CHANGED', reason }, session.admission)
    }
    if (session.ended) return this.#refuse(tooLate, session.admission)
    session.renew(verified)
    this.#authentications.inc({ outcome: 'renewed' })
    return verified
  }

  /** Synchronous, in memory and total: never throws; no policy, an ended session or an error means deny. */
  decide(session: Session, operation: Operation): Decision {
    const policy = this.#policy.current()
    if (policy === undefined) return noPolicy
    if (session.ended) return sessionEnded
    return policy.decide(session.principal, operation)
  }

  /** Revision of the policy in force; empty before the first. */
  get policyRevision(): string {
    return this.#policy.current()?.revision ?? ''
  }

  /** May the session do the action on at least one resource with this prefix (`kafka:topic:`)? */
  allowsAny(session: Session, action: Operation['action'], prefix: `${Protocol}:${string}:`): boolean {
    return !session.ended && (this.#policy.current()?.allowsAny(session.principal, action, prefix) ?? false)
  }

  /** Appends what was done or refused. Nothing may be released before `written`, or `durable` where the decision says strict. */
  record(session: Session, event: EvidenceEvent, durability: 'buffered' | 'strict' = 'buffered'): Recorded {
    session.count(event)
    return this.#recorder.append(event, durability)
  }

  /** A refused operation, on record with the rule that refused it. */
  recordRefusal(session: Session, operation: Operation, decision: Decision): Recorded {
    const effect = decision.effect === 'hold' ? 'hold' : 'deny'
    this.#refusals.inc({ effect })
    return this.record(session, {
      type: 'decision.deny',
      sessionId: session.id,
      effect,
      action: operation.action,
      resource: operation.resource,
      ruleId: decision.ruleId,
      policyRevision: decision.policyRevision,
      reason: decision.reason ?? '',
    })
  }

  /** Ends the session once, with its totals on record. */
  end(session: Session, reason: string): Recorded | undefined {
    if (!this.#sessions.delete(session.id)) return undefined
    this.#onSessions()
    const totals = session.end()
    return this.#recorder.append({ type: 'session.end', sessionId: session.id, reason, totals }, 'buffered')
  }

  /** A new bundle is in force: sessions whose credential was revoked are told; all others that the policy changed. */
  policyChanged(): void {
    for (const session of [...this.#sessions.values()]) {
      session.notify(this.#authenticator.stillValid(session.principal) ? 'policy' : 'revoked')
    }
  }

  async #verify(credential: string): Promise<Principal | Refusal> {
    return this.#authenticator.known(credential) ?? (await this.#authenticator.verify(credential))
  }

  async #refuse(refusal: Refusal, admission: Admission): Promise<Refusal> {
    const isWritten = await this.#write({
      type: 'authentication.refused',
      protocol: admission.protocol,
      peerAddress: admission.peer.address,
      peerPort: admission.peer.port,
      mechanism: admission.mechanism,
      code: refusal.code,
      reason: refusal.reason,
    })
    return this.#counted(isWritten ? refusal : unrecordable)
  }

  #counted(refusal: Refusal): Refusal {
    this.#authentications.inc({ outcome: refusal.code })
    return refusal
  }

  /** False when the record cannot be kept; why is for the recorder to tell, since a client must not read of our disk. */
  async #write(event: EvidenceEvent): Promise<boolean> {
    try {
      await this.#recorder.append(event, 'buffered').written
      return true
    } catch (error) {
      if (error instanceof WeirError && error.code === 'WEIR_EVIDENCE_UNRECORDABLE') return false
      throw error
    }
  }
}

const unrecordable: Refusal = {
  refused: true,
  code: 'WEIR_EVIDENCE_UNRECORDABLE',
  reason: 'The gateway cannot keep its record now, so nobody is let in. Try again later.',
}
const overtaken: Refusal = {
  refused: true,
  code: 'WEIR_UNAUTHENTICATED',
  reason: 'The credential was revoked, or its time ran out, while the session was being opened.',
}
const tooLate: Refusal = {
  refused: true,
  code: 'WEIR_SESSION_EXPIRED',
  reason: 'The session ended before its credential was renewed.',
}

const nothing = { mask: [], record: 'meta', durability: 'buffered' } as const
const noPolicy: Decision = {
  effect: 'deny',
  ruleId: 'policy.missing',
  policyRevision: '',
  reason: 'The gateway has no policy yet.',
  obligations: nothing,
}
const sessionEnded: Decision = {
  effect: 'deny',
  ruleId: 'session.ended',
  policyRevision: '',
  reason: 'The session has ended.',
  obligations: nothing,
}
