/**
 * Which consumer group a client was last seen in. Fetch names no group and often comes on another connection than the group's
 * own requests, so the evidence of a consume takes it from here: same principal, same client id, same address.
 */
import { principalKey } from '@weir/contracts'
import type { Principal } from '@weir/contracts'

export class GroupSightings {
  readonly #groups = new Map<string, string>()
  readonly #limit: number

  constructor(limit = 50_000) {
    this.#limit = limit
  }

  saw(principal: Principal, clientId: string | null, address: string, group: string): void {
    const key = sightingKey(principal, clientId, address)
    this.#groups.delete(key)
    this.#groups.set(key, group)
    if (this.#groups.size <= this.#limit) return
    const oldest = this.#groups.keys().next()
    if (!oldest.done) this.#groups.delete(oldest.value)
  }

  group(principal: Principal, clientId: string | null, address: string): string | undefined {
    return this.#groups.get(sightingKey(principal, clientId, address))
  }
}

function sightingKey(principal: Principal, clientId: string | null, address: string): string {
  return `${address}|${principalKey(principal)}|${clientId ?? ''}`
}
