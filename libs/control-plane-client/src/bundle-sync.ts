import type { KeyObject } from 'node:crypto'
import type { Bundle, SignedBundle } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Clock, Logger, Stoppable } from '@weir/kernel'
import type { ApiClient } from './api-client.ts'
import { BackOff } from './back-off.ts'
import { BundleCache } from './bundle-cache.ts'
import { invalid, parseSignedBundle, verifyBundle } from './bundle.ts'

/** How long the control plane may hold the question when there is nothing new. */
const waitMs = 30_000
/** … and how much longer the answer may take to arrive. */
const answerMarginMs = 10_000

/** A running sync; see {@link startBundleSync}. */
export interface BundleSync extends Stoppable {
  /** The bundle in force; undefined before the first. */
  current(): Bundle | undefined
  /** Milliseconds since the control plane last said that it is the current one, restarts included; Infinity before the first. */
  ageMs(): number
}

/**
 * Keeps the policy bundle of this gateway current: from disk at once, so that a gateway starts while the control plane is away, then by
 * long poll. A bundle is used when its signature verifies, its revision is not below the one in force, and `onBundle` returns no problem;
 * else the last good one stays, and the log says why. Resolves when the disk has been looked at.
 */
export async function startBundleSync(options: {
  api: ApiClient
  /** Holds the last two bundles, mode 0600. */
  cacheDir: string
  /** Ed25519 key of the control plane. */
  publicKey: KeyObject
  clock: Clock
  logger: Logger
  /** Puts a bundle in force; returns what is wrong with it when it cannot be. */
  onBundle: (bundle: Bundle) => string | undefined
}): Promise<BundleSync> {
  const sync = new LongPoll(options)
  await sync.loadFromDisk()
  sync.start()
  return sync
}

type Options = Parameters<typeof startBundleSync>[0]

class LongPoll implements BundleSync {
  readonly name = 'bundle sync'
  readonly #options: Options
  readonly #cache: BundleCache
  readonly #stopping = new AbortController()
  readonly #backOff = new BackOff()
  #running: Promise<void> | undefined
  #current: Bundle | undefined
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  /** Newest revision looked at, used or refused: asking for what comes after it does not bring a refused bundle again at once. */
  #seenRevision: number | undefined
  #unsaved: SignedBundle | undefined
  #failing = false

  constructor(options: Options) {
    this.#options = options
    this.#cache = new BundleCache(options.cacheDir)
  }

  current(): Bundle | undefined {
    return this.#current
  }

  ageMs(): number {
    return Math.max(0, this.#options.clock.now() - this.#confirmedAtMs)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async loadFromDisk(): Promise<void> {
    const { publicKey, logger, onBundle } = this.#options
    for (const { path, text, confirmedAtMs } of await this.#cache.load()) {
      try {
        const bundle = verifyBundle(parseSignedBundle(text), publicKey)
        const problem = onBundle(bundle)
        if (problem !== undefined) throw invalid(problem)
        this.#current = bundle
        this.#seenRevision = bundle.revision
        this.#confirmedAtMs = confirmedAtMs
        logger.info({ count: bundle.revision, durationMs: Math.round(this.ageMs()), path }, 'policy bundle from disk')
        return
      } catch (error) {
        logger.error({ err: error, path }, 'policy bundle on disk refused')
      }
    }
  }

  start(): void {
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.#ask(signal)
        if (this.#failing) this.#options.logger.info('policy bundle sync works again')
        this.#failing = false
        this.#backOff.reset()
      } catch (error) {
        if (signal.aborted) return
        this.#report(error)
        await this.#backOff.wait(signal)
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { api, publicKey, clock } = this.#options
    const after = this.#seenRevision
    const signed = await api.call('currentBundle', {
      query: after === undefined ? {} : { after, waitMs },
      signal,
      timeoutMs: waitMs + answerMarginMs,
    })
    if (signed !== undefined) {
      const bundle = verifyBundle(signed, publicKey)
      if (after !== undefined && bundle.revision <= after) {
        throw invalid(`its revision ${bundle.revision} is not above ${after}, which was here before it`)
      }
      this.#use(bundle)
      this.#confirmedAtMs = clock.now()
      this.#unsaved = signed
      await this.#save(bundle.revision)
    } else if (this.#current !== undefined && this.#current.revision === after) {
      this.#confirmedAtMs = clock.now()
      await this.#save(after)
    }
  }

  /** A disk that fails costs the bundle after a restart, not the one in force. It is tried again at the next confirmation. */
  async #save(revision: number): Promise<void> {
    try {
      if (this.#unsaved === undefined) await this.#cache.confirm(revision, this.#confirmedAtMs)
      else await this.#cache.store(revision, this.#unsaved, this.#confirmedAtMs)
      this.#unsaved = undefined
    } catch (error) {
      this.#options.logger.error({ err: error, path: this.#options.cacheDir }, 'policy bundle cannot be kept on disk')
    }
  }

  #use(bundle: Bundle): void {
    this.#seenRevision = bundle.revision
    const problem = this.#options.onBundle(bundle)
    if (problem !== undefined) throw invalid(`revision ${bundle.revision}: ${problem}`)
    this.#current = bundle
  }

  /** What comes from the control plane is told each time; that it cannot be reached, once. */
  #report(error: unknown): void {
    const { logger } = this.#options
    const code = error instanceof WeirError ? error.code : 'WEIR_INTERNAL'
    const fields = {
      err: error,
      code,
      durationMs: Number.isFinite(this.ageMs()) ? Math.round(this.ageMs()) : undefined,
    }
    if (code === 'WEIR_BUNDLE_INVALID') {
      logger.error(fields, 'policy bundle refused')
      return
    }
    if (!this.#failing) logger.warn(fields, 'policy bundle cannot be fetched')
    this.#failing = true
  }
}
