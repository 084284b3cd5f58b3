import { randomUUID } from 'node:crypto'
import type { EvidenceEvent, SealedSegment, SegmentAnswer } from '@weir/contracts'
import { decodeSegment, segmentHeaderHash } from '@weir/recording'
import { expect, test } from 'vitest'
import { projectSegment } from '../src/ingest/projection.ts'
import type { Store } from '../src/store/store.ts'
import { access, newSigningKey, resign, sealSegments, sessionStart } from './segments.ts'

const key = newSigningKey()
/** Stores are shared by tests, gateways are not. */
export const newGatewayId = () => `kafka-${randomUUID()}`

export function appendTo(store: Store, segment: SealedSegment): Promise<SegmentAnswer> {
  return store.evidence.append(
    { ...segment, headerSha256: segmentHeaderHash(segment.header) },
    projectSegment(decodeSegment(segment.body, segment.header)),
    1_800_000_000_000,
  )
}

/** Puts events on record: a segment per list. */
export async function recordIn(
  store: Store,
  gatewayId: string,
  ...batches: EvidenceEvent[][]
): Promise<SealedSegment[]> {
  const segments = await sealSegments(gatewayId, key, batches)
  for (const segment of segments) expect((await appendTo(store, segment)).outcome).toBe('stored')
  return segments
}

/** How every store takes segments. Called within a `describe`; `current` gives the store when a test runs. */
export function evidenceContract(current: () => Store): void {
  test('takes the segments of an epoch once and in order', async () => {
    const id = newGatewayId()
    const [first, second, third] = await sealSegments(id, key, [
      [sessionStart('ses_a', 'alice')],
      [access('kafka.publish', 'ses_a', { topic: `${id}.t`, first: 0, last: 4 })],
      [access('kafka.publish', 'ses_a', { topic: `${id}.t`, first: 5, last: 9 })],
    ])
    expect(await appendTo(current(), second!)).toEqual({ outcome: 'gap', nextSeq: 1, headSha256: '0'.repeat(64) })
    const afterFirst = { nextSeq: first!.header.lastSeq + 1, headSha256: segmentHeaderHash(first!.header) }
    expect(await appendTo(current(), first!)).toEqual({ outcome: 'stored', ...afterFirst })
    expect(await appendTo(current(), first!)).toEqual({ outcome: 'duplicate', ...afterFirst })
    expect(await appendTo(current(), third!)).toEqual({ outcome: 'gap', ...afterFirst })
    expect((await appendTo(current(), second!)).outcome).toBe('stored')
    expect((await appendTo(current(), third!)).outcome).toBe('stored')
    expect((await appendTo(current(), second!)).outcome).toBe('duplicate')
    const answer = await current().evidence.access({ action: 'publish', topic: `${id}.t`, partition: 0, offset: 3 })
    expect(answer.accesses).toHaveLength(1)
  })

  test('answers fork for other content in the same place, and stores nothing of it', async () => {
    const id = newGatewayId()
    const publish = (first: number) => [access('kafka.publish', 's', { topic: `${id}.t`, first, last: first })]
    const [one, two] = await recordIn(current(), id, [sessionStart('s', 'alice')], publish(0))
    const [, other] = await sealSegments(id, key, [[sessionStart('s', 'alice')], publish(7)])
    const here = { epoch: one!.header.epoch, previousSha256: two!.header.previousSha256 }
    expect((await appendTo(current(), resign(other!, here, key))).outcome).toBe('fork')
    expect((await appendTo(current(), resign(other!, { ...here, previousSha256: 'a'.repeat(64) }, key))).outcome).toBe(
      'fork',
    )
    const stray = { firstSeq: 3, lastSeq: 3, ...here, previousSha256: 'b'.repeat(64) }
    const [next] = await sealSegments(id, key, [publish(9)])
    const continued = { ...resign(next!, stray, key), headerSha256: 'c'.repeat(64) }
    const index = projectSegment(decodeSegment(next!.body))
    expect((await current().evidence.append(continued, index, 0)).outcome).toBe('fork')
    for (const offset of [7, 9]) {
      const answer = await current().evidence.access({ action: 'publish', topic: `${id}.t`, partition: 0, offset })
      expect(answer.accesses).toEqual([])
    }
  })

  test('takes the same segment once when it comes many times at once', async () => {
    const id = newGatewayId()
    const segments = await sealSegments(id, key, [
      [sessionStart('s', 'alice')],
      [access('kafka.publish', 's', { topic: `${id}.t`, first: 0, last: 0 })],
    ])
    for (const segment of segments) {
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, () => appendTo(current(), segment).then((a) => a.outcome)),
      )
      expect(outcomes.toSorted()).toEqual([...Array.from({ length: 5 }, () => 'duplicate'), 'stored'])
    }
    const { items } = await current().evidence.list({ limit: 10, resource: `kafka:topic:${id}.t` })
    expect(items).toHaveLength(1)
  })

  test('stores nothing of a segment when a part of it cannot be stored', async () => {
    const id = newGatewayId()
    const [segment] = await sealSegments(id, key, [[sessionStart(`s-${id}`, 'alice')]])
    const index = projectSegment(decodeSegment(segment!.body))
    const broken = { ...index, events: index.events.map((row) => ({ ...row, seq: 2 ** 80 })) }
    const hashed = { ...segment!, headerSha256: segmentHeaderHash(segment!.header) }
    await expect(current().evidence.append(hashed, broken, 0)).rejects.toThrow()
    expect(await current().sessions.find(`s-${id}`)).toBeUndefined()
    expect((await appendTo(current(), segment!)).outcome).toBe('stored')
  })
}
