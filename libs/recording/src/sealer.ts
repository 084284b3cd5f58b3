import { setTimeout as delay } from 'node:timers/promises'
import { WeirError } from '@weir/kernel'
import type { Extent } from './journal-block.ts'
import type { SegmentWriter } from './segment-writer.ts'
import type { SpoolFolder } from './spool-folder.ts'

const retryMs = { first: 200, most: 10_000 } as const

/** Seals finished segments in order, behind the hot path. What cannot be sealed stays in its journal and is tried again. */
export class Sealer {
  readonly #folder: SpoolFolder
  readonly #writer: SegmentWriter
  readonly #release: (sealedSeq: number) => Promise<void>
  readonly #extents: Extent[] = []
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #sealedSeq = 0

  constructor(parts: { folder: SpoolFolder; writer: SegmentWriter; release: (sealedSeq: number) => Promise<void> }) {
    this.#folder = parts.folder
    this.#writer = parts.writer
    this.#release = parts.release
  }

  add(extent: Extent): void {
    this.#extents.push(extent)
    this.#running ??= this.#run()
  }

  /** Time of the first event that waits to be sealed. Unix milliseconds. */
  get waitingSinceMs(): number | undefined {
    return this.#extents[0]?.firstAtMs
  }

  /** Resolves when all is sealed, or the next attempt has failed: the rest is sealed by whoever opens the folder next. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
    await this.#releaseJournal()
  }

  async #run(): Promise<void> {
    let waitMs: number = retryMs.first
    for (;;) {
      const extent = this.#extents[0]
      if (extent === undefined) break
      try {
        await this.#writer.seal(extent)
        this.#extents.shift()
        this.#sealedSeq = extent.lastSeq
        await this.#releaseJournal()
        waitMs = retryMs.first
      } catch (error) {
        if (waitMs === retryMs.first) this.#report(error)
        if (this.#closing.signal.aborted) break
        await delay(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {})
        waitMs = Math.min(waitMs * 2, retryMs.most)
      }
    }
    this.#running = undefined
  }

  async #releaseJournal(): Promise<void> {
    try {
      await this.#release(this.#sealedSeq)
    } catch (error) {
      const what = 'A journal whose evidence is sealed cannot be deleted; the next start tries again.'
      this.#folder.report('WEIR_EVIDENCE_UNRECORDABLE', what, error)
    }
  }

  #report(error: unknown): void {
    if (error instanceof WeirError && error.code === 'WEIR_EVIDENCE_DAMAGED') {
      this.#folder.report(error.code, error.message, error)
      return
    }
    const what =
      'Evidence is written but cannot be sealed, and so not shipped; it is tried again. Look at the disk of the spool.'
    this.#folder.report('WEIR_EVIDENCE_UNRECORDABLE', what, error)
  }
}
