import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { vector, vectorNames, vectors } from '../../test/record-vectors.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import { batchOf } from './batch-bytes.test-support.ts'
import { blankPartialBatch, deliveredRuns } from './delivered-runs.ts'

function runsText(bytes: Buffer): string {
  const { firstOffset, lastOffset, records, runs, complete } = deliveredRuns(bytes)
  expect(complete).toBe(true)
  if (records === 0) return ''
  const pairs = runs ?? [[firstOffset, lastOffset] as const]
  expect(pairs[0]![0]).toBe(firstOffset)
  expect(pairs.at(-1)![1]).toBe(lastOffset)
  expect(pairs.reduce((sum, [first, last]) => sum + last - first + 1, 0)).toBe(records)
  return pairs.map(([first, last]) => `${first}-${last}`).join(' ')
}

describe('deliveredRuns', () => {
  it.each(vectorNames.filter((name) => name !== 'magic-1-gzip'))('tells the offsets of %s', (name) => {
    expect(runsText(vector(name))).toBe(vectors[name].runs)
  })

  it('coalesces neighbours, leaves control batches out, and shows the holes', () => {
    const slice = Buffer.concat([
      batchOf({ baseOffset: 5, count: 3 }),
      batchOf({ baseOffset: 8, count: 2 }),
      batchOf({ baseOffset: 10, count: 1, control: true }),
      batchOf({ baseOffset: 11, count: 4 }),
    ])
    const controlBytes = batchOf({ baseOffset: 10, count: 1, control: true }).length
    expect(deliveredRuns(slice)).toEqual({
      firstOffset: 5,
      lastOffset: 14,
      runs: [
        [5, 9],
        [11, 14],
      ],
      records: 9,
      bytes: slice.length - controlBytes,
      end: slice.length,
      complete: true,
    })
    expect(deliveredRuns(slice.subarray(0, batchOf({ baseOffset: 5, count: 3 }).length))).toMatchObject({
      runs: undefined,
    })
  })

  it('leaves out what is cut off at the end, wherever it is cut', () => {
    const whole = vector('gzip-whole')
    const next = batchOf({ baseOffset: 140, count: 2 })
    const slice = Buffer.concat([Buffer.alloc(9), whole, next])
    for (let cut = 1; cut < next.length; cut += 1) {
      const found = deliveredRuns(slice, 9, 9 + whole.length + cut)
      expect(found).toMatchObject({
        firstOffset: 100,
        lastOffset: 139,
        records: 40,
        end: 9 + whole.length,
        complete: false,
      })
    }
    expect(deliveredRuns(slice, 9, 9)).toMatchObject({ firstOffset: -1, lastOffset: -1, records: 0, complete: true })
  })

  it('blanks the payload of a batch that is cut off, and nothing else', () => {
    const slice = Buffer.concat([
      batchOf({ baseOffset: 0, count: 2 }),
      batchOf({ baseOffset: 2, count: 2 }),
      Buffer.from('next'),
    ])
    const before = Buffer.from(slice)
    const cut = slice.length - 5
    const { end } = deliveredRuns(slice, 0, cut)
    blankPartialBatch(slice, end, cut)
    expect(slice.subarray(0, end + 61)).toEqual(before.subarray(0, end + 61))
    expect(slice.subarray(end + 61, cut)).toEqual(Buffer.alloc(cut - end - 61))
    expect(slice.subarray(cut)).toEqual(before.subarray(cut))
    expect(deliveredRuns(slice, 0, cut)).toMatchObject({ end, complete: false })
  })

  it('agrees with a list of generated offsets, in every codec', () => {
    const batches = fc.array(
      fc.record({
        gap: fc.nat(3),
        kept: fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        control: fc.boolean(),
        codec: fc.constantFrom('none' as const, 'gzip' as const, 'zstd' as const),
      }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(batches, (specs) => {
        const offsets: number[] = []
        let next = 0
        const slice = Buffer.concat(
          specs.map(({ gap, kept, control, codec }) => {
            const baseOffset = next + gap
            next = baseOffset + kept.length
            const deltas = kept.flatMap((keep, delta) => (keep ? [delta] : []))
            if (!control) offsets.push(...deltas.map((delta) => baseOffset + delta))
            return batchOf({ baseOffset, lastOffsetDelta: kept.length - 1, deltas, control, codec })
          }),
        )
        const found = deliveredRuns(slice)
        const pairs = found.runs ?? (found.records === 0 ? [] : [[found.firstOffset, found.lastOffset] as const])
        const listed = pairs.flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        )
        expect(listed).toEqual(offsets)
        expect(found.records).toBe(offsets.length)
      }),
    )
  })

  it.each([
    [
      'a batch that does not come after the one before',
      Buffer.concat([batchOf({ baseOffset: 5, count: 3 }), batchOf({ baseOffset: 7, count: 1 })]),
    ],
    ['a negative offset', batchOf({ baseOffset: -1, count: 1 })],
    ['fewer records than counted', batchOf({ baseOffset: 0, lastOffsetDelta: 9, deltas: [1, 2], count: 3 })],
    ['more records than counted', batchOf({ baseOffset: 0, lastOffsetDelta: 9, deltas: [1, 2, 3], count: 2 })],
    ['deltas that do not rise', batchOf({ baseOffset: 0, lastOffsetDelta: 9, deltas: [2, 2] })],
    ['a delta beyond the last', batchOf({ baseOffset: 0, lastOffsetDelta: 3, deltas: [1, 4] })],
    ['a negative delta', batchOf({ baseOffset: 0, lastOffsetDelta: 3, deltas: [-1, 2] })],
    ['an unknown codec', batchOf({ baseOffset: 0, lastOffsetDelta: 3, deltas: [1], codecNumber: 5 })],
    ['gzip that is none', batchOf({ baseOffset: 0, lastOffsetDelta: 3, deltas: [1], codecNumber: 1 })],
    ['zstd that is none', batchOf({ baseOffset: 0, lastOffsetDelta: 3, deltas: [1], codecNumber: 4 })],
    ['a compressed message set of magic 1', vector('magic-1-gzip')],
  ])('refuses %s', (_, slice) => {
    expect(() => deliveredRuns(slice)).toThrowError(KafkaProtocolError)
  })

  it.each(['gzip', 'zstd'] as const)('opens %s no further than allowed', (codec) => {
    const bomb = batchOf({ baseOffset: 0, lastOffsetDelta: 3, deltas: [1], codec, valueBytes: 5_000_000 })
    expect(bomb.length).toBeLessThan(10_000)
    expect(deliveredRuns(bomb)).toMatchObject({ records: 1 })
    expect(() => deliveredRuns(bomb, 0, bomb.length, { maxOpenedBytes: 4_000_000 })).toThrowError(/4000000/)
  })
})
