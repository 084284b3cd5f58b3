import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { SealedSegment, SegmentAnswer } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Clock, Logger, Metrics } from '@weir/kernel'
import { decodeSegment, parseSegmentHeader, segmentHeaderHash, verifySegment } from '@weir/recording'
import type { Store } from '../store/store.ts'
import { projectSegment } from './projection.ts'

/** A segment as it came: the two headers are text of the caller's. */
export type ReceivedSegment = {
  readonly gatewayId: string
  readonly epoch: string
  readonly header: string
  readonly signature: string
  readonly body: Uint8Array
}

export type Ingest = { append(received: ReceivedSegment): Promise<SegmentAnswer> }

/**
 * Takes segments: signed by the key that the gateway enrolled, whole, and read to the last event before anything is stored.
 * Throws WEIR_SEGMENT_SIGNATURE and WEIR_SEGMENT_INVALID.
 */
export function createIngest(parts: { store: Store; clock: Clock; logger: Logger; metrics: Metrics }): Ingest {
  const { store, clock, logger, metrics } = parts
  const segments = metrics.counter('weir_ingest_segments_total', 'Evidence segments received, by outcome', ['outcome'])
  const events = metrics.counter('weir_ingest_events_total', 'Evidence events stored')
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

  const take = async (segment: SealedSegment): Promise<SegmentAnswer> => {
    const { header } = segment
    if (!verifySegment(segment, await publicKeyOf(header.gatewayId))) {
      const message = `The segment is not as gateway ${header.gatewayId} signed it with the key that it enrolled.`
      throw new WeirError('WEIR_SEGMENT_SIGNATURE', message)
    }
    const decoded = decodeSegment(segment.body, header)
    const headerSha256 = segmentHeaderHash(header)
    return store.evidence.append({ ...segment, headerSha256 }, projectSegment(decoded), clock.now())
  }

  return {
    async append(received) {
      try {
        const segment = readSegment(received)
        const answer = await take(segment)
        segments.inc({ outcome: answer.outcome })
        if (answer.outcome === 'stored') events.inc(segment.header.events)
        if (answer.outcome === 'fork') {
          const { gatewayId, epoch, firstSeq } = segment.header
          logger.error({ resource: `${gatewayId}/${epoch}`, count: firstSeq }, 'evidence forked')
        }
        return answer
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
