import type { BlockFile } from './block-file.ts'

/** What waits for the disk: one group commit. */
export type Unsynced = { readonly file: BlockFile; readonly strict: boolean; settle(error?: unknown): void }

/**
 * Syncs files behind the writes. What is strict is synced at once, everything else at most `lingerMs` after it was written;
 * one sync runs at a time, and all that is written while it runs shares the next one.
 */
export class SyncQueue {
  #waiting: Unsynced[] = []
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  readonly #lingerMs: number

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs
  }

  add(group: Unsynced): void {
    this.#waiting.push(group)
    if (this.#running !== undefined) return
    if (group.strict) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), this.#lingerMs)
  }

  /** Resolves when all that was added before is settled. */
  async drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running !== undefined) {
      this.#start()
      await this.#running
    }
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    do {
      const groups = this.#waiting
      this.#waiting = []
      await Promise.all([...new Set(groups.map((group) => group.file))].map((file) => settleAfterSync(file, groups)))
    } while (this.#waiting.some((group) => group.strict))
    this.#running = undefined
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#start(), this.#lingerMs)
  }
}

async function settleAfterSync(file: BlockFile, groups: readonly Unsynced[]): Promise<void> {
  let failure: { error: unknown } | undefined
  try {
    await file.sync()
  } catch (error) {
    failure = { error }
  }
  for (const group of groups) if (group.file === file) group.settle(failure?.error)
}
