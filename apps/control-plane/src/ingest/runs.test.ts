import type { KafkaAccess } from '@weir/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { access } from '../../test/segments.ts'
import { packBatches, unpackBatches } from './run-batches.ts'
import { RunCollector, runTimeMs, spanCap } from './runs.ts'
import type { RunRow } from './runs.ts'

type Placed = readonly [atMs: number, event: KafkaAccess]

function collect(...events: Placed[]): RunRow[] {
  const runs = new RunCollector()
  events.forEach(([atMs, event], index) => runs.add(index + 1, atMs, event))
  return runs.rows
}

const publish = (first: number, last: number, more: Partial<KafkaAccess> = {}, session = 's') =>
  access('kafka.publish', session, { topic: 't', first, last }, more)

describe('joining', () => {
  const first: Placed = [1_000, publish(0, 9)]
  const shape = (rows: RunRow[]) => rows.map((row) => [row.firstOffset, row.lastOffset, row.later.length])

  test('takes accesses of one session that follow each other without a hole', () => {
    expect(shape(collect(first, [1_400, publish(10, 10)], [2_000, publish(11, 30)]))).toEqual([[0, 30, 2]])
    const other: Placed = [1_001, publish(0, 5, { partition: 1 })]
    expect(shape(collect(first, other, [1_002, publish(10, 19)]))).toEqual([
      [0, 19, 1],
      [0, 5, 0],
    ])
  })

  const apart: [string, Placed][] = [
    ['a hole', [1_001, publish(11, 19)]],
    ['an overlap', [1_001, publish(9, 19)]],
    ['more than a second', [1_000 + runTimeMs + 1, publish(10, 19)]],
    ['a clock that went back', [999, publish(10, 19)]],
    ['more offsets than the cap', [1_001, publish(10, spanCap)]],
    ['another session', [1_001, publish(10, 19, {}, 'other')]],
    ['another partition', [1_001, publish(10, 19, { partition: 1 })]],
    ['another topic of the name', [1_001, publish(10, 19, { topicId: 'AAAAAAAAAAAAAAAAAAAAAw' })]],
    ['another action', [1_001, access('kafka.consume', 's', { topic: 't', first: 10, last: 19 })]],
    ['another rule', [1_001, publish(10, 19, { ruleId: 'other' })]],
    ['another policy', [1_001, publish(10, 19, { policyRevision: 'other' })]],
    ['another client id', [1_001, publish(10, 19, { clientId: 'other' })]],
    ['another group', [1_001, publish(10, 19, { group: 'other' })]],
    ['an offset asked for above its start', [1_001, publish(10, 19, { requestedOffset: 11 })]],
    ['another producer', [1_001, publish(10, 19, { producerId: 7, producerEpoch: 0, baseSequence: 10 })]],
    [
      'holes within',
      [
        1_001,
        publish(10, 19, {
          runs: [
            [10, 12],
            [15, 19],
          ],
        }),
      ],
    ],
  ]
  test.each(apart)('does not over %s', (_, second) => {
    expect(collect(first, second).every((row) => row.later.length === 0)).toBe(true)
  })

  test('follows the sequence of an idempotent producer, over its end too', () => {
    const producer = (baseSequence: number) => ({ producerId: 7, producerEpoch: 1, baseSequence })
    const wrap = 2 ** 31 - 4
    const start: Placed = [1_000, publish(0, 9, producer(wrap))]
    expect(shape(collect(start, [1_000, publish(10, 19, producer(6))]))).toEqual([[0, 19, 1]])
    expect(shape(collect(start, [1_000, publish(10, 19, producer(7))]))).toHaveLength(2)
  })

  test('goes on from the newest run only', () => {
    const rows = collect(first, [1_000, publish(50, 59)], [1_000, publish(10, 19)], [1_000, publish(20, 29)])
    expect(shape(rows)).toEqual([
      [0, 9, 0],
      [50, 59, 0],
      [10, 29, 1],
    ])
  })
})

test('rows say of every offset exactly what the accesses said', () => {
  const step = fc.record({
    session: fc.constantFrom('a', 'b'),
    hole: fc.constantFrom(0, 0, 0, 1, -5),
    length: fc.constantFrom(1, 3, 700, spanCap - 2),
    waitMs: fc.constantFrom(0, 1, 300, 1_100),
    skip: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      let [next, atMs] = [100, 1_000_000]
      const events = steps.map(({ session, hole, length, waitMs, skip }): Placed => {
        const first = Math.max(0, next + hole)
        next = first + length
        atMs += waitMs
        const runs =
          skip && length === 3
            ? ([
                [first, first],
                [first + 2, first + 2],
              ] as const)
            : undefined
        return [atMs, publish(first, next - 1, { runs }, session)]
      })
      const told = (offsets: readonly (readonly [number, number])[], tail: string) =>
        offsets.flatMap(([first, last]) => [`${first} ${tail}`, `${last} ${tail}`])
      const expected = events.flatMap(([at, event], index) =>
        told(event.runs ?? [[event.firstOffset, event.lastOffset]], `${event.sessionId} ${index + 1} ${at}`),
      )
      const actual = collect(...events).flatMap((row) => {
        expect(row.lastOffset - row.firstOffset).toBeLessThan(spanCap)
        const batches = unpackBatches(row, packBatches(row, row.later))
        return batches.flatMap(({ seq, atMs: at, firstOffset }, index) =>
          told(
            [[firstOffset, (batches[index + 1]?.firstOffset ?? row.lastOffset + 1) - 1]],
            `${row.event.sessionId} ${seq} ${at}`,
          ),
        )
      })
      expect(actual.toSorted()).toEqual(expected.toSorted())
    }),
    { numRuns: 300 },
  )
})

test('batches are packed and unpacked as they are', () => {
  const steps = fc.array(fc.tuple(fc.nat(2 ** 31), fc.nat(1_000), fc.nat(2 ** 40)), { maxLength: 20 })
  fc.assert(
    fc.property(steps, (deltas) => {
      const first = { seq: 5, atMs: 1_800_000_000_000, firstOffset: 0 }
      let previous = first
      const later = deltas.map(([seq, atMs, offset]) => {
        previous = { seq: previous.seq + seq, atMs: previous.atMs + atMs, firstOffset: previous.firstOffset + offset }
        return previous
      })
      expect(unpackBatches(first, packBatches(first, later))).toEqual([first, ...later])
    }),
  )
  expect(unpackBatches({ seq: 1, atMs: 2, firstOffset: 3 }, null)).toHaveLength(1)
})
