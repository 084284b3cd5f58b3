import { setTimeout as delay } from 'node:timers/promises'

const firstMs = 200
const mostMs = 10_000

/**
 * Waits longer after each failure in a row, from 0.2 s to 10 s, each time for a random part between half and all of it, so that
 * gateways that lost the control plane together do not come back together. Never gives up: an outage is not a reason to.
 */
export class BackOff {
  #nextMs = firstMs

  /** The next wait in milliseconds. */
  next(): number {
    const limitMs = this.#nextMs
    this.#nextMs = Math.min(limitMs * 2, mostMs)
    return limitMs * (0.5 + Math.random() / 2)
  }

  /** Resolves after the next wait, or at once when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    await delay(this.next(), undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }

  reset(): void {
    this.#nextMs = firstMs
  }
}
