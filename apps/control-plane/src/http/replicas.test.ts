import type { EvidenceEntry, SealedSegment, SegmentAnswer } from '@weir/contracts'
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { heartbeatOf, segmentInput, startTestControlPlane } from '../../test/control-plane.ts'
import type { TestControlPlane } from '../../test/control-plane.ts'
import { access, newSigningKey, resign, sealSegments, sessionStart } from '../../test/segments.ts'

describe.skipIf(!needs('postgres'))('replicas on one database', () => {
  let first: TestControlPlane
  let second: TestControlPlane
  let token: string
  const key = newSigningKey()

  beforeAll(async () => {
    first = await startTestControlPlane()
    second = await startTestControlPlane({}, first)
    token = first.token('kafka-gateway')
    await first.call('heartbeat', { token, body: heartbeatOf('kafka-1', key) })
  })
  afterAll(async () => {
    await second?.stop()
    await first?.stop()
  })

  const send = async (to: TestControlPlane, segment: SealedSegment) =>
    (await to.call('appendSegment', { token, ...segmentInput(segment) })).json<SegmentAnswer>().outcome

  /** Sends every segment at once, again and again while it is early. */
  async function sendAll(to: TestControlPlane, segments: readonly SealedSegment[]): Promise<string[]> {
    return Promise.all(
      segments.map(async (segment) => {
        for (;;) {
          const outcome = await send(to, segment)
          if (outcome !== 'gap') return outcome
        }
      }),
    )
  }

  test('take an epoch once that both are sent at once and in no order, and see no fork in it', async () => {
    const topic = 'payments.t'
    const segments = await sealSegments('kafka-1', key, [
      [sessionStart('s', 'alice')],
      ...Array.from({ length: 11 }, (_, n) => [
        access('kafka.publish', 's', { topic, first: n * 10, last: n * 10 + 9 }),
      ]),
    ])
    const [there, here] = await Promise.all([sendAll(first, segments), sendAll(second, segments.toReversed())])
    const back = here.toReversed()
    const isOnce = there.map((outcome, index) => new Set([outcome, back[index]]))
    expect(isOnce).toEqual(segments.map(() => new Set(['stored', 'duplicate'])))
    const query = { type: 'kafka.publish', limit: '100' }
    const response = await second.call('evidence', { token: first.token('carol', ['auditors']), query })
    const { events } = response.json<{ events: EvidenceEntry[] }>()
    expect(events.map((event) => event.seq).toSorted((a, b) => a - b)).toEqual(segments.slice(1).map((_, n) => n + 2))
  })

  test('both refuse what follows a fork that one of them saw', async () => {
    const batches = [[sessionStart('s', 'alice')], [sessionStart('t', 'bob')]]
    const [one, two] = await sealSegments('kafka-1', key, batches)
    const [other] = await sealSegments('kafka-1', key, [[sessionStart('u', 'mallory')]])
    expect(await send(first, one!)).toBe('stored')
    expect(await send(first, resign(other!, { epoch: one!.header.epoch }, key))).toBe('fork')
    expect(await send(second, two!)).toBe('fork')
    expect(await send(second, one!)).toBe('duplicate')
  })
})
