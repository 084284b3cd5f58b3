import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { SealedSegment, SegmentAnswer, SegmentHeader } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Clock, Logger, Metrics } from '@weir/kernel'
import { parseSegmentHeader, segmentHeaderHash, verifySegment } from '@weir/recording'
import { isUnstorable } from '../store/faults.ts'
import type { Store } from '../store/store.ts'
import { indexOf, quarantineIndex, unstorableReason } from './projection.ts'
import type { SegmentIndex } from './projection.ts'

/** A segment as it came: the two headers are text of the caller's. */
export type ReceivedSegment = {
  readonly gatewayId: string
  readonly epoch: string
  readonly header: string
  readonly signature: string
  readonly body: Uint8Array
}

export type Ingest = { append(received: ReceivedSegment): Promise<SegmentAnswer> }

type Taken = { readonly answer: SegmentAnswer; readonly index: SegmentIndex }

/**
 * Takes segments that are whole and signed by the key that the gateway enrolled. One that cannot be read nevertheless is
 * kept as it came, in quarantine, and loudly: were it refused, everything behind it would wait for ever.
 * Throws WEIR_SEGMENT_SIGNATURE, and WEIR_SEGMENT_INVALID for a header that cannot be.
 */
export function createIngest(parts: { store: Store; clock: Clock; logger: Logger; metrics: Metrics }): Ingest {
  const { store, clock, logger, metrics } = parts
  const segments = metrics.counter('weir_ingest_segments_total', 'Evidence segments received, by outcome', ['outcome'])
  const events = metrics.counter('weir_ingest_events_total', 'Evidence events stored')
  const quarantined = metrics.counter('weir_ingest_quarantined_total', 'Segments stored that could not be read')
  const forks = metrics.counter('weir_ingest_forks_total', 'Segments that told another history of their epoch')
  // An enrolled key never changes, so it needs to be read once.
  const publicKeys = new Map<string, KeyObject>()

  const publicKeyOf = async (gatewayId: string): Promise<KeyObject> => {
    const known = publicKeys.get(gatewayId)
    if (known !== undefined) return known
    const spki = await store.gateways.publicKey(gatewayId)
    if (spki === undefined) {
      const message = `Gateway ${gatewayId} has enrolled no key; its heartbeat does that, and comes first.`
      throw new WeirError('WEIR_SEGMENT_SIGNATURE', message)
    }
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    publicKeys.set(gatewayId, key)
    return key
  }

  const take = async (segment: SealedSegment): Promise<Taken> => {
    const { header } = segment
    if (!verifySegment(segment, await publicKeyOf(header.gatewayId))) {
      const message = `The segment is not as gateway ${header.gatewayId} signed it with the key that it enrolled.`
      throw new WeirError('WEIR_SEGMENT_SIGNATURE', message)
    }
    const stored = { ...segment, headerSha256: segmentHeaderHash(header) }
    const atMs = clock.now()
    const index = indexOf(segment, atMs)
    try {
      return { index, answer: await store.evidence.append(stored, index, atMs) }
    } catch (error) {
      if (!isUnstorable(error) || index.quarantined !== undefined) throw error
      const unread = quarantineIndex(header, atMs, unstorableReason)
      return { index: unread, answer: await store.evidence.append(stored, unread, atMs) }
    }
  }

  const tell = ({ gatewayId, epoch, firstSeq, events: count }: SegmentHeader, { answer, index }: Taken): void => {
    const resource = `${gatewayId}/${epoch}/${firstSeq}`
    if (answer.outcome === 'stored') events.inc(count)
    if (answer.outcome === 'stored' && index.quarantined !== undefined) {
      quarantined.inc()
      logger.error({ resource, count, reason: index.quarantined }, 'evidence segment quarantined')
    }
    if (answer.outcome === 'fork') {
      forks.inc()
      logger.error({ resource, count }, 'evidence forked')
    }
  }

  return {
    async append(received) {
      try {
        const segment = readSegment(received)
        const taken = await take(segment)
        segments.inc({ outcome: taken.answer.outcome })
        tell(segment.header, taken)
        return taken.answer
      } catch (error) {
        segments.inc({ outcome: error instanceof WeirError ? error.code : 'failed' })
        throw error
      }
    },
  }
}

function readSegment(received: ReceivedSegment): SealedSegment {
  const header = parseSegmentHeader(Buffer.from(received.header, 'base64url').toString())
  if (header.gatewayId !== received.gatewayId || header.epoch !== received.epoch) {
    const message = 'The segment is not well formed: its header names another gateway or epoch than the path.'
    throw new WeirError('WEIR_SEGMENT_INVALID', message)
  }
  return { header, signature: received.signature, body: received.body }
}
