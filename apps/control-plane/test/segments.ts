import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { EvidenceEvent, KafkaAccess, SealedSegment, SegmentHeader, SessionStarted } from '@weir/contracts'
import { systemClock } from '@weir/kernel'
import { canonicalSegmentHeader, openSpool } from '@weir/recording'
import { temporaryFolder } from '@weir/testing'

export function newSigningKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}

/** Segments as a gateway seals them: one per list of events, chained in one epoch. */
export async function sealSegments(
  gatewayId: string,
  signingKey: KeyObject,
  batches: readonly (readonly EvidenceEvent[])[],
): Promise<SealedSegment[]> {
  const folder = temporaryFolder()
  const spool = await openSpool({ dir: folder.path, gatewayId, signingKey, clock: systemClock, sealAfterMs: 1 })
  try {
    const segments: SealedSegment[] = []
    for (const batch of batches) {
      await Promise.all(batch.map((event) => spool.append(event, 'buffered').written))
      const segment = await spool.next(AbortSignal.timeout(10_000))
      await spool.acknowledge(segment.header)
      segments.push(segment)
    }
    return segments
  } finally {
    await spool.close()
    folder.remove()
  }
}

/** The segment with another header, signed anew: what a gateway would send whose history differs. */
export function resign(segment: SealedSegment, change: Partial<SegmentHeader>, key: KeyObject): SealedSegment {
  const header = { ...segment.header, ...change }
  const signature = sign(null, Buffer.from(canonicalSegmentHeader(header)), key).toString('base64url')
  return { ...segment, header, signature }
}

export function sessionStart(sessionId: string, subject: string, more: Partial<SessionStarted> = {}): SessionStarted {
  return {
    type: 'session.start',
    sessionId,
    protocol: 'kafka',
    principal: {
      issuer: 'https://issuer.example',
      subject,
      displayName: `${subject}@example.com`,
      groups: ['payments'],
      clientId: undefined,
      actors: [],
      method: 'jwt',
      credentialId: 'jti-1',
      expiresAtMs: 2_000_000_000_000,
    },
    peerAddress: '10.0.0.7',
    peerPort: 50_123,
    mechanism: 'OAUTHBEARER',
    clientId: 'console',
    clientSoftware: 'apache-kafka-java/4.3.1',
    ...more,
  }
}

export function access(
  type: KafkaAccess['type'],
  sessionId: string,
  place: { topic: string; partition?: number; first: number; last: number },
  more: Partial<KafkaAccess> = {},
): KafkaAccess {
  const { topic, partition = 0, first, last } = place
  return {
    type,
    sessionId,
    topic,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAg',
    partition,
    firstOffset: first,
    lastOffset: last,
    runs: undefined,
    records: last - first + 1,
    bytes: 100 * (last - first + 1),
    clientId: undefined,
    group: type === 'kafka.consume' ? 'billing' : undefined,
    requestedOffset: undefined,
    producerId: undefined,
    producerEpoch: undefined,
    baseSequence: undefined,
    ruleId: 'payments',
    policyRevision: '0123456789abcdef',
    level: 'meta',
    ...more,
  }
}
