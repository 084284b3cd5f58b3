import type { SealedSegment, SegmentAnswer } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Counter, Gauge, Logger, Metrics, Stoppable } from '@weir/kernel'
import { canonicalSegmentHeader } from '@weir/recording'
import type { Spool } from '@weir/recording'
import type { ApiClient } from './api-client.ts'
import { BackOff } from './back-off.ts'

const gaugeIntervalMs = 5_000
const sendTimeoutMs = 30_000

/**
 * Sends sealed segments to the control plane, oldest first, one at a time, each until it is taken: failures are not counted, nothing expires.
 * What the control plane answers `fork` to is set aside, kept, and said loudly.
 */
export function startShipper(options: {
  api: ApiClient
  spool: Spool
  /** Evidence that was left under another name of this gateway is sent under that name, and said. */
  gatewayId: string
  logger: Logger
  metrics: Metrics
}): Stoppable {
  const shipper = new Shipper(options)
  const { spool, metrics } = options
  const bytes = metrics.gauge('weir_evidence_spool_bytes', 'Disk in use by evidence that is not acknowledged')
  const age = metrics.gauge(
    'weir_evidence_oldest_unshipped_seconds',
    'Age of the oldest event that is not acknowledged',
  )
  const observe = () => {
    bytes.set(spool.bytes())
    age.set(spool.oldestUnshippedMs() / 1000)
  }
  observe()
  const timer = setInterval(observe, gaugeIntervalMs)
  const running = shipper.run()
  return {
    name: 'evidence shipper',
    async stop() {
      clearInterval(timer)
      shipper.stopping.abort()
      await running
      observe()
    },
  }
}

class Shipper {
  readonly stopping = new AbortController()
  readonly #api: ApiClient
  readonly #spool: Spool
  readonly #gatewayId: string
  readonly #logger: Logger
  readonly #segments: Counter
  readonly #failures: Counter
  readonly #asideEpochs: Gauge
  readonly #backOff = new BackOff()
  /** The code of the failure that goes on, so that an outage is one line in the log. */
  #failing: string | undefined

  /** The last other name under which evidence was found. */
  #formerId: string | undefined

  constructor(options: { api: ApiClient; spool: Spool; gatewayId: string; logger: Logger; metrics: Metrics }) {
    this.#gatewayId = options.gatewayId
    this.#api = options.api
    this.#spool = options.spool
    this.#logger = options.logger
    this.#segments = options.metrics.counter('weir_evidence_segments_total', 'Segments answered, by outcome', [
      'outcome',
    ])
    this.#failures = options.metrics.counter(
      'weir_evidence_ship_failures_total',
      'Attempts without an answer, by code',
      ['code'],
    )
    this.#asideEpochs = options.metrics.gauge('weir_evidence_epochs_aside_count', 'Epochs that cannot be shipped')
  }

  async run(): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      try {
        const segment = await this.#spool.next(signal)
        this.#noteName(segment)
        const answer = await this.#send(segment, signal)
        this.#succeeded()
        this.#segments.inc({ outcome: answer.outcome })
        await this.#follow(answer, segment, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#failed(error)
        await this.#backOff.wait(signal)
      }
    }
  }

  /** The control plane may refuse a name that is no longer this gateway's; an operator must see why nothing moves. */
  #noteName({ header }: SealedSegment): void {
    if (header.gatewayId === this.#gatewayId || header.gatewayId === this.#formerId) return
    this.#formerId = header.gatewayId
    this.#logger.warn({ resource: `${header.gatewayId}/${header.epoch}` }, 'evidence left under another gateway id')
  }

  #send({ header, signature, body }: SealedSegment, signal: AbortSignal): Promise<SegmentAnswer> {
    return this.#api.call('appendSegment', {
      params: { gatewayId: header.gatewayId, epoch: header.epoch },
      headers: {
        'weir-segment-header': Buffer.from(canonicalSegmentHeader(header)).toString('base64url'),
        'weir-segment-signature': signature,
      },
      body,
      signal,
      timeoutMs: sendTimeoutMs,
    })
  }

  async #follow(answer: SegmentAnswer, { header }: SealedSegment, signal: AbortSignal): Promise<void> {
    switch (answer.outcome) {
      case 'stored':
      case 'duplicate':
        this.#backOff.reset()
        await this.#spool.acknowledge(header)
        return
      case 'gap':
        if (!(await this.#spool.rewind(header.epoch, answer.nextSeq))) {
          this.#setAside(
            header.epoch,
            `the control plane lacks events from ${answer.nextSeq} on, which are not here any more`,
          )
        }
        // A control plane that asks again and again for what it was sent must not be asked without a pause.
        await this.#backOff.wait(signal)
        return
      case 'fork':
        this.#setAside(header.epoch, `the control plane holds other evidence at event ${header.firstSeq}`)
    }
  }

  #setAside(epoch: string, why: string): void {
    this.#spool.setAside(epoch)
    this.#asideEpochs.inc()
    const message = `Evidence of epoch ${epoch} is not shipped on: ${why}. It is kept on disk; compare it with the control plane's record.`
    this.#logger.error(
      { err: new WeirError('WEIR_EVIDENCE_FORKED', message), code: 'WEIR_EVIDENCE_FORKED' },
      'evidence set aside',
    )
  }

  #succeeded(): void {
    if (this.#failing !== undefined) this.#logger.info({ code: this.#failing }, 'evidence is shipped again')
    this.#failing = undefined
  }

  #failed(error: unknown): void {
    const code = error instanceof WeirError ? error.code : 'WEIR_INTERNAL'
    this.#failures.inc({ code })
    if (this.#failing !== code) this.#logger.warn({ err: error, code }, 'evidence cannot be shipped')
    this.#failing = code
  }
}
