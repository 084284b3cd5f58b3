import type { EvidenceEvent, KafkaAccess } from '@weir/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { access } from '../../test/segments.ts'
import { projectSegment } from './projection.ts'
import { spanCap } from './runs.ts'

const project = (event: EvidenceEvent) => projectSegment({ events: [{ seq: 1, atMs: 1, event }], sessions: new Map() })

describe('runs', () => {
  test('hold exactly the offsets of the event, in pieces below the cap', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 * spanCap })), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(fc.nat(2 ** 40), steps, (base, holesAndLengths) => {
        let next = base
        const runs = holesAndLengths.map(([hole, length]) => {
          const first = next + hole
          next = first + length
          return [first, next - 1] as const
        })
        const event = access('kafka.consume', 's', { topic: 't', first: runs[0]![0], last: next - 1 }, { runs })
        const rows = project(event).runs
        expect(rows.map((row) => row.piece)).toEqual(rows.map((_, piece) => piece))
        for (const row of rows) {
          expect(row.lastOffset - row.firstOffset).toBeLessThan(spanCap)
          expect(row.lastOffset).toBeGreaterThanOrEqual(row.firstOffset)
        }
        // Joined where they touch, the pieces are the runs again.
        const joined: [number, number][] = []
        for (const { firstOffset, lastOffset } of rows) {
          const previous = joined.at(-1)
          if (previous !== undefined && previous[1] + 1 === firstOffset) previous[1] = lastOffset
          else joined.push([firstOffset, lastOffset])
        }
        expect(joined).toEqual(runs)
      }),
      { numRuns: 200 },
    )
  })

  const strange: Partial<KafkaAccess>[] = [
    { firstOffset: 5, lastOffset: 4 },
    { firstOffset: -1 },
    { lastOffset: 2 ** 60 },
    { firstOffset: 0.5 },
    { runs: [] },
    {
      runs: [
        [3, 4],
        [4, 5],
      ],
    },
    {
      runs: [
        [3, 4],
        [1, 2],
      ],
    },
    { partition: -1 },
    { partition: 2 ** 31 },
    { topic: 'x'.repeat(600) },
    { sessionId: 'a b' },
    { sessionId: 'x'.repeat(200) },
  ]
  test.each(strange)('are refused when they cannot be: %j', (change) => {
    const event = access('kafka.publish', 's', { topic: 't', first: 0, last: 9 }, change)
    expect(() => project(event)).toThrow(expect.objectContaining({ code: 'WEIR_SEGMENT_INVALID' }))
  })
})
