import { hash } from 'node:crypto'
import type { Principal } from '@weir/contracts'

/**
 * Principals by SHA-256 of the credential that proved them: the credential itself is not kept.
 * Bounded, least recently used first; an entry is gone when its principal's time is up.
 */
export class KnownCredentials {
  readonly #principals = new Map<string, Principal>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** `binding` is what else must stay the same for the credential to count (a key's stored form); '' for none. */
  get(credential: string, binding: string, nowMs: number): Principal | undefined {
    const key = digest(credential, binding)
    const principal = this.#principals.get(key)
    if (principal === undefined) return undefined
    this.#principals.delete(key)
    if (principal.expiresAtMs <= nowMs) return undefined
    this.#principals.set(key, principal)
    return principal
  }

  add(credential: string, binding: string, principal: Principal): void {
    this.#principals.set(digest(credential, binding), principal)
    if (this.#principals.size <= this.#limit) return
    const oldest = this.#principals.keys().next().value
    if (oldest !== undefined) this.#principals.delete(oldest)
  }

  remove(predicate: (principal: Principal) => boolean): void {
    for (const [key, principal] of this.#principals) if (predicate(principal)) this.#principals.delete(key)
  }
}

function digest(credential: string, binding: string): string {
  return hash('sha256', `${binding}\0${credential}`, 'base64')
}
