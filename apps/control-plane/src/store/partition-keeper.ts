import type { Clock, Logger } from '@weir/kernel'
import type { Store } from './store.ts'
import { faultOf } from './faults.ts'

const everyMs = 3_600_000

/** Keeps the partitions of the coming days made. While that fails nothing is refused: rows go to the default partition. */
export class PartitionKeeper {
  readonly name = 'partitions'
  readonly #parts: { readonly store: Store; readonly clock: Clock; readonly logger: Logger }
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(parts: { store: Store; clock: Clock; logger: Logger }) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    await this.#ensure()
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.#ensure())
    }, everyMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  async #ensure(): Promise<void> {
    const { store, clock, logger } = this.#parts
    try {
      const made = await store.ensurePartitions(clock.now())
      if (made.length > 0) logger.info({ count: made.length, reason: made.join(', ') }, 'partitions made')
    } catch (error) {
      logger.error({ reason: faultOf(error).summary }, 'partitions not made')
    }
  }
}
