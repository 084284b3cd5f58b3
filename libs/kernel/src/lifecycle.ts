import type { Logger } from './logger.ts'

/** Something that runs until it is stopped. `stop` is called once and may take its time, within the drain limit. */
export type Stoppable = { readonly name: string; stop(): Promise<void> }

/**
 * Starts nothing itself: what was started is added, and stopped in reverse order, once, on SIGTERM, SIGINT or `stop()`.
 * After `drainMs` the process exits with 1 whatever is left, and says what was.
 */
export class Lifecycle {
  readonly #parts: Stoppable[] = []
  #stopping: Promise<void> | undefined
  readonly #logger: Logger
  readonly #drainMs: number

  constructor(options: { logger: Logger; drainMs: number }) {
    this.#logger = options.logger
    this.#drainMs = options.drainMs
  }

  add(part: Stoppable): void {
    this.#parts.push(part)
  }

  /** Ends the process with 0 after a signal has stopped everything. */
  onSignals(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      // Not once: a second signal while stopping (npm passes Ctrl-C on, too) must not end the process half way.
      process.on(signal, () => {
        if (this.#stopping !== undefined) return
        this.#logger.info({ reason: signal }, 'stopping')
        void this.stop().then(() => process.exit(0))
      })
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<void> {
    const pending = [...this.#parts]
    const timer = setTimeout(() => {
      const reason = pending.map((part) => part.name).join(', ')
      this.#logger.error({ reason }, 'drain limit reached')
      process.exit(1)
    }, this.#drainMs)
    for (let part = pending.at(-1); part !== undefined; part = pending.at(-1)) {
      try {
        await part.stop()
      } catch (error) {
        this.#logger.error({ err: error, area: part.name }, 'stop failed')
      }
      pending.pop()
    }
    clearTimeout(timer)
    this.#logger.info('stopped')
  }
}
