import { sign } from 'node:crypto'
import type { Bundle, SignedBundle } from '@weir/contracts'
import type { Clock, Gauge, Logger, Metrics, Stoppable } from '@weir/kernel'
import { faultOf } from '../store/faults.ts'
import type { BundleContent, Store } from '../store/store.ts'
import type { SigningKey } from './signing-key.ts'

export type PublishedBundle = { readonly revision: number; readonly signed: SignedBundle }

/** How often the database is asked in any case, should a notice be lost. */
const pollEveryMs = 5_000

/** The signed bundle in force, and those who wait for the next. */
export class BundlePublisher implements Stoppable {
  readonly name = 'bundle publisher'
  readonly #store: Store
  readonly #signingKey: SigningKey
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #revision: Gauge
  readonly #waiting = new Set<() => void>()
  #current: PublishedBundle | undefined
  #refreshing: Promise<void> | undefined
  #refreshAgain = false
  #timer: NodeJS.Timeout | undefined
  #problem: string | undefined
  #unlisten: (() => Promise<void>) | undefined

  constructor(parts: { store: Store; signingKey: SigningKey; clock: Clock; logger: Logger; metrics: Metrics }) {
    this.#store = parts.store
    this.#signingKey = parts.signingKey
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#revision = parts.metrics.gauge('weir_bundle_revision_count', 'Revision of the policy bundle in force')
  }

  /** Needs a policy in the store. */
  async start(): Promise<void> {
    this.#unlisten = await this.#store.onBundleChange(() => void this.catchUp())
    await this.#refresh()
    this.#timer = setInterval(() => void this.catchUp(), pollEveryMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#unlisten?.()
    this.#wake()
    await this.#refreshing?.catch(() => {})
  }

  get current(): PublishedBundle {
    if (this.#current === undefined) throw new Error('the bundle publisher was not started')
    return this.#current
  }

  /** Why the database could not be asked last time; undefined when it could. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** The bundle after `revision`, or undefined when `waitMs` passes or the signal aborts before there is one. */
  async after(revision: number, waitMs: number, signal: AbortSignal): Promise<PublishedBundle | undefined> {
    if (this.current.revision <= revision && waitMs > 0 && !signal.aborted) await this.#change(waitMs, signal)
    return this.current.revision > revision ? this.current : undefined
  }

  /**
   * Brings `current` up to what the store has. Never rejects: when the database is away the bundle at hand stays good, and
   * it is tried again soon.
   */
  async catchUp(): Promise<void> {
    try {
      await this.#refresh()
      this.#problem = undefined
    } catch (error) {
      this.#problem = faultOf(error).summary
      this.#logger.warn({ reason: this.#problem }, 'bundle not refreshed')
    }
  }

  /** One at a time, and once more when asked meanwhile. */
  #refresh(): Promise<void> {
    if (this.#refreshing !== undefined) this.#refreshAgain = true
    this.#refreshing ??= this.#refreshAll()
    return this.#refreshing
  }

  async #refreshAll(): Promise<void> {
    try {
      do {
        this.#refreshAgain = false
        if ((await this.#store.bundleRevision()) === this.#current?.revision) continue
        const content = await this.#store.bundle(this.#clock.now())
        this.#current = this.#publish(content)
        this.#revision.set(content.revision)
        this.#logger.info({ count: content.revision, code: content.policy?.revision }, 'bundle published')
        this.#wake()
      } while (this.#refreshAgain)
    } finally {
      // Here and not in a callback: nobody may join a refresh that has taken its last look.
      this.#refreshing = undefined
    }
  }

  #publish({ revision, policy, keys }: BundleContent): PublishedBundle {
    if (policy === undefined) throw new Error('there is no policy to publish')
    const bundle: Bundle = { version: 1, revision, issuedAtMs: this.#clock.now(), policy, keys: [...keys] }
    const payload = Buffer.from(JSON.stringify(bundle))
    const { key, keyId } = this.#signingKey
    const signature = sign(null, payload, key).toString('base64url')
    return { revision, signed: { keyId, payload: payload.toString('base64url'), signature } }
  }

  #change(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, waitMs)
      signal.addEventListener('abort', done)
      this.#waiting.add(done)
    })
  }

  #wake(): void {
    for (const done of this.#waiting) done()
  }
}
