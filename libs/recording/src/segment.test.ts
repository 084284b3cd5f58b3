import { generateKeyPairSync } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import type { EvidenceEvent } from '@weir/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyEvent, publishOf, startOf } from '../test/events.ts'
import { publicKey, signingKey } from '../test/spool-folder.ts'
import { EventEncoder } from './event-encoder.ts'
import { canonicalSegmentHeader, parseSegmentHeader, segmentHeaderHash } from './segment-header.ts'
import { decodeSegment, sealSegment, verifySegment } from './segment.ts'

function encode(encoder: EventEncoder, events: readonly { event: EvidenceEvent; atMs: number }[]): Buffer {
  encoder.beginSegment()
  encoder.shrink(0)
  for (const { event, atMs } of events) encoder.add(event, atMs)
  return Buffer.from(encoder.out.bytes.subarray(0, encoder.out.length))
}

async function seal(
  events: readonly { event: EvidenceEvent; atMs: number }[],
  encoder = new EventEncoder(),
  firstSeq = 1,
) {
  return sealSegment(
    {
      gatewayId: 'gw-1',
      epoch: 'epo_1',
      firstSeq,
      lastSeq: firstSeq + events.length - 1,
      firstAtMs: events[0]!.atMs,
      lastAtMs: events.at(-1)!.atMs,
      previousSha256: '0'.repeat(64),
    },
    [encode(encoder, events)],
    signingKey,
  )
}

const timed = fc.record({ event: anyEvent, atMs: fc.nat(2 ** 43) })
const code = (code: string): unknown => expect.objectContaining({ code })

describe('segments', () => {
  test('every event of every kind comes back as it went in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(timed, { minLength: 1, maxLength: 40 }), fc.nat(2 ** 40), async (events, before) => {
        const { header, body } = await seal(events, new EventEncoder(), before + 1)
        const decoded = decodeSegment(body, header)
        expect(decoded.events).toEqual(events.map((each, index) => ({ seq: before + 1 + index, ...each })))
      }),
    )
  })

  test('a segment names the people of its sessions, whenever they came', async () => {
    const encoder = new EventEncoder()
    await seal(
      [
        { event: startOf('ses_1', 'alice'), atMs: 10 },
        { event: startOf('ses_2', 'bob'), atMs: 11 },
      ],
      encoder,
    )
    const second = decodeSegment((await seal([{ event: publishOf('ses_1', 5), atMs: 20 }], encoder, 3)).body)
    expect([...second.sessions]).toEqual([['ses_1', { startedAtMs: 10, session: startOf('ses_1', 'alice') }]])
    expect(second.events).toHaveLength(1)

    await seal(
      [{ event: { type: 'session.end', sessionId: 'ses_1', reason: 'client', totals: [] }, atMs: 30 }],
      encoder,
      4,
    )
    const last = decodeSegment((await seal([{ event: publishOf('ses_1', 6), atMs: 40 }], encoder, 5)).body)
    expect(last.sessions.size).toBe(0)
  })

  test('an event that cannot be encoded leaves nothing behind', async () => {
    const encoder = new EventEncoder()
    const good = encode(encoder, [{ event: publishOf('ses_1', 1), atMs: 1 }])
    encoder.beginSegment()
    encoder.shrink(0)
    const bad = { ...publishOf('ses_1', 1), topic: 'other', bytes: Number.NaN }
    expect(() => encoder.add(bad, 1)).toThrow(RangeError)
    expect(() => encoder.add({ ...bad, bytes: 1, level: 'none' as 'meta' }, 1)).toThrow('unknown record level')
    encoder.add(publishOf('ses_1', 1), 1)
    expect(encoder.out.bytes.subarray(0, encoder.out.length)).toEqual(good)
  })

  test('a changed header, body or signature does not verify', async () => {
    const segment = await seal([{ event: publishOf('ses_1', 1), atMs: 1 }])
    expect(verifySegment(segment, publicKey)).toBe(true)
    expect(verifySegment(segment, generateKeyPairSync('ed25519').publicKey)).toBe(false)
    expect(verifySegment({ ...segment, header: { ...segment.header, lastAtMs: 2 } }, publicKey)).toBe(false)
    for (let at = 0; at < segment.body.length; at++) {
      const body = Buffer.from(segment.body)
      body[at]! ^= 1
      expect(verifySegment({ ...segment, body }, publicKey)).toBe(false)
    }
    expect(verifySegment({ ...segment, signature: '' }, publicKey)).toBe(false)
  })

  test('damaged bodies are refused or read, never more than a fault with its code', async () => {
    const encoder = new EventEncoder()
    const events = [
      startOf('ses_1'),
      publishOf('ses_1', 7),
      { ...publishOf('ses_1', 2 ** 50), runs: [[1, 2] as const] },
    ]
    const { body } = await seal(
      events.map((event) => ({ event, atMs: 1_700_000_000_000 })),
      encoder,
    )
    const plain = Buffer.from(encoder.out.bytes.subarray(0, encoder.out.length))
    const head = Buffer.of(1, 1, 3)
    expect(decodeSegment(zstdCompressSync(Buffer.concat([head, plain]))).events).toHaveLength(3)
    for (let end = 0; end < plain.length; end++) {
      const cut = zstdCompressSync(Buffer.concat([head, plain.subarray(0, end)]))
      expect(() => decodeSegment(cut)).toThrow(code('WEIR_SEGMENT_INVALID'))
    }
    fc.assert(
      fc.property(fc.nat(plain.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(plain)
        changed[at] = value
        try {
          decodeSegment(zstdCompressSync(Buffer.concat([head, changed])))
        } catch (error) {
          expect(error).toEqual(code('WEIR_SEGMENT_INVALID'))
        }
      }),
    )
    expect(() => decodeSegment(body.subarray(0, -1))).toThrow(code('WEIR_SEGMENT_INVALID'))
  })

  test('a small body that unpacks to more than the limit is refused', () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(10_000)
    expect(() => decodeSegment(bomb)).toThrow(code('WEIR_SEGMENT_INVALID'))
  })

  test('a header that lies about its body is refused', async () => {
    const { header, body } = await seal([{ event: publishOf('ses_1', 1), atMs: 5 }])
    const lies = [{ events: 2 }, { firstSeq: 2 }, { lastSeq: 2 }, { firstAtMs: 4 }, { lastAtMs: 6 }]
    for (const lie of lies) expect(() => decodeSegment(body, { ...header, ...lie })).toThrow('contradict')
  })
})

describe('headers', () => {
  test('the canonical form sorts names and is what is hashed', async () => {
    const { header } = await seal([{ event: publishOf('ses_1', 1), atMs: 5 }])
    const shuffled = Object.fromEntries(Object.entries(header).toReversed()) as typeof header
    const text = canonicalSegmentHeader(shuffled)
    expect(text).toMatch(/^\{"epoch":"epo_1","events":1,"firstAtMs":5,"firstSeq":1,"gatewayId":"gw-1","lastAtMs":5,/)
    expect(segmentHeaderHash(shuffled)).toBe(segmentHeaderHash(header))
    expect(parseSegmentHeader(text)).toEqual(header)
  })

  test.each([
    ['not JSON', (text: string) => text.slice(1)],
    ['another order or space', (text: string) => text.replace(',', ', ')],
    ['a further field', (text: string) => text.replace('{', '{"a":1,')],
    ['a field of another type', (text: string) => text.replace('"events":1', '"events":"1"')],
    ['a count that contradicts', (text: string) => text.replace('"events":1', '"events":2')],
    ['a missing field', (text: string) => text.replace('"events":1,', '')],
    ['another version', (text: string) => text.replace('"version":1', '"version":2')],
    ['a hash that is none', (text: string) => text.replace('0'.repeat(64), '0'.repeat(63))],
  ])('%s is refused', async (_, change) => {
    const text = canonicalSegmentHeader((await seal([{ event: publishOf('ses_1', 1), atMs: 5 }])).header)
    expect(change(text)).not.toBe(text)
    expect(() => parseSegmentHeader(change(text))).toThrow(code('WEIR_SEGMENT_INVALID'))
  })
})
