import type { AccessTotals, EvidenceEvent, Principal } from '@weir/contracts'
import type { Clock } from '@weir/kernel'
import type { Admission } from './guard.ts'

/** `policy`: decisions may be others now. `revoked`, `expired`: the session must end. */
export type SessionChange = 'policy' | 'revoked' | 'expired'

/** The longest delay a Node timer takes; longer waits are taken in steps. */
const longestTimerMs = 2 ** 31 - 1

/** One authenticated connection from start to end. Made by the guard only. */
export class Session {
  readonly id: string
  readonly admission: Admission
  #principal: Principal
  #ended = false
  #timer: NodeJS.Timeout | undefined
  readonly #clock: Clock
  readonly #listeners = new Set<(change: SessionChange) => void>()
  readonly #totals = new Map<string, Mutable<AccessTotals>>()

  constructor(options: { id: string; principal: Principal; admission: Admission; clock: Clock }) {
    this.id = options.id
    this.admission = options.admission
    this.#principal = options.principal
    this.#clock = options.clock
    this.#armExpiry()
  }

  get principal(): Principal {
    return this.#principal
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Called on a new policy, a revoked credential, or the end of the credential's life. */
  onChange(listener: (change: SessionChange) => void): void {
    this.#listeners.add(listener)
  }

  notify(change: SessionChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  /** Milliseconds until the credential ends; never negative. */
  remainingMs(): number {
    return Math.max(0, this.#principal.expiresAtMs - this.#clock.now())
  }

  isSamePrincipal(other: Principal): boolean {
    return delegationKey(this.#principal) === delegationKey(other)
  }

  renew(principal: Principal): void {
    this.#principal = principal
    this.#armExpiry()
  }

  /** Adds an access to the totals that the session's end reports. */
  count(event: EvidenceEvent): void {
    if (event.type !== 'kafka.publish' && event.type !== 'kafka.consume') return
    const action = event.type === 'kafka.publish' ? 'publish' : 'consume'
    const key = `${action}:${event.partition}:${event.topic}`
    const totals = this.#totals.get(key)
    if (totals === undefined) {
      this.#totals.set(key, {
        resource: `kafka:topic:${event.topic}`,
        partition: event.partition,
        action,
        events: 1,
        records: event.records,
        bytes: event.bytes,
        firstPosition: event.firstOffset,
        lastPosition: event.lastOffset,
      })
      return
    }
    totals.events++
    totals.records += event.records
    totals.bytes += event.bytes
    totals.firstPosition = Math.min(totals.firstPosition, event.firstOffset)
    totals.lastPosition = Math.max(totals.lastPosition, event.lastOffset)
  }

  end(): readonly AccessTotals[] {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#listeners.clear()
    return [...this.#totals.values()]
  }

  #armExpiry(): void {
    clearTimeout(this.#timer)
    const remainingMs = this.remainingMs()
    this.#timer = setTimeout(
      () => (this.remainingMs() > 0 ? this.#armExpiry() : this.notify('expired')),
      Math.min(remainingMs, longestTimerMs),
    )
    this.#timer.unref()
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The principal with everybody who acts for it: all of them must stay the same over a session. */
function delegationKey(principal: Principal): string {
  return JSON.stringify([principal, ...principal.actors].map(({ issuer, subject }) => [issuer, subject]))
}
