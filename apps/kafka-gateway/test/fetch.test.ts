/** Fetch on the wire, in old and new versions: partial refusals, sessions, ids, and what is on record. */
import { deleteTopics, errorCode, fetch } from '@weir/kafka-protocol'
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { everything, fetchInput, onlyOpen, put, seen, startDataPathWorld, zeroId } from './data-path-world.ts'
import type { DataPathWorld } from './data-path-world.ts'

describe.skipIf(!needs('kafka'))('Fetch', () => {
  let world: DataPathWorld
  beforeAll(async () => {
    world = await startDataPathWorld()
  })
  afterAll(() => world?.stop())

  test('Fetch v4 and v11: records of the allowed topic only, each on record once', async () => {
    await put(world.root, 'open.a', ['1', '2'])
    await put(world.root, 'closed.b', ['secret'])
    const client = await world.connect('reader')
    for (const version of [4, 11]) {
      const before = world.gateway.of('kafka.consume').length
      const answer = await client.ask(fetch, version, fetchInput([{ topic: 'closed.b' }, { topic: 'open.a' }]))
      expect(new Map(seen(answer).map(([topic, ...rest]) => [topic, rest]))).toEqual(
        new Map([
          ['open.a', [0, true]],
          ['closed.b', [29, false]],
        ]),
      )
      const events = world.gateway.of('kafka.consume').slice(before)
      expect(events).toMatchObject([{ topic: 'open.a', firstOffset: 0, requestedOffset: 0 }])
      expect(events[0]?.records).toBe((events[0]?.lastOffset ?? 0) + 1)
    }
  })

  test('a fetch session: the refused partition stays refused, comes with a new policy, and goes with the next', async () => {
    await world.create('open.s', 'closed.s')
    for (const topic of ['open.s', 'closed.s']) await put(world.root, topic, ['1'])
    const client = await world.connect('session')
    const opened = await client.ask(
      fetch,
      11,
      fetchInput([{ topic: 'open.s' }, { topic: 'closed.s' }], { id: 0, epoch: 0 }),
    )
    expect(opened.sessionId).not.toBe(0)
    const session = { id: opened.sessionId, epoch: 0 }
    expect(seen(opened)).toEqual([
      ['open.s', 0, true],
      ['closed.s', 29, false],
    ])
    const step = (topics: Parameters<typeof fetchInput>[0] = []) => {
      session.epoch++
      return client.ask(fetch, 11, fetchInput(topics, session))
    }
    expect(seen(await step([{ topic: 'open.s', fetchOffset: 1n }]))).toEqual([['closed.s', 29, false]])

    world.gateway.applyPolicy(everything)
    const granted = await step()
    expect(granted.errorCode).toBe(0)
    expect(seen(granted)).toContainEqual(['closed.s', 0, true])
    expect(world.gateway.of('kafka.consume').at(-1)).toMatchObject({ topic: 'closed.s', firstOffset: 0 })
    expect(seen(await step([{ topic: 'closed.s', fetchOffset: 1n }]))).toEqual([])

    world.gateway.applyPolicy(onlyOpen)
    await put(world.root, 'closed.s', ['2'])
    expect(seen(await step())).toEqual([['closed.s', 29, false]])
    await put(world.root, 'open.s', ['2'])
    expect(seen(await step())).toEqual([
      ['open.s', 0, true],
      ['closed.s', 29, false],
    ])
    // Forgotten: the refusal goes with it.
    session.epoch++
    const forgotten = await client.ask(fetch, 11, {
      ...fetchInput([{ topic: 'open.s', fetchOffset: 2n }], session),
      forgottenTopicsData: [{ topic: 'closed.s', partitions: [0] }],
    })
    expect(seen(forgotten)).toEqual([])
  })

  test('a session that this connection does not know is answered with 70', async () => {
    const client = await world.connect('reader')
    const answer = await client.ask(fetch, 11, fetchInput([], { id: 12_345, epoch: 3 }))
    expect(answer.errorCode).toBe(errorCode.FETCH_SESSION_ID_NOT_FOUND)
  })

  test('Fetch v17 by id: refused and unknown ids answer for themselves; a topic made anew has another id', async () => {
    await world.create('open.r')
    await put(world.root, 'open.r', ['first life'])
    const first = await world.idOf('open.r')
    const client = await world.connect('reader')
    const ids = { closed: await world.idOf('closed.b'), unknown: 'AAAAAAAAAAAAAAAAAAAAAw' }
    const both = await client.ask(
      fetch,
      17,
      fetchInput([{ topicId: first }, { topicId: ids.closed }, { topicId: ids.unknown }]),
    )
    expect(new Set(seen(both).map(String))).toEqual(
      new Set([`${first},0,true`, `${ids.closed},29,false`, `${ids.unknown},100,false`]),
    )
    expect(world.gateway.of('kafka.consume').at(-1)).toMatchObject({ topic: 'open.r', topicId: first })

    await world.root.ask(deleteTopics, 6, { topics: [{ name: 'open.r', topicId: zeroId }], timeoutMs: 5_000 })
    await world.create('open.r')
    const second = await world.idOf('open.r')
    expect(second).not.toBe(first)
    const gone = await client.ask(fetch, 17, fetchInput([{ topicId: first }]))
    expect(gone.responses[0]?.partitions[0]?.errorCode).toBe(errorCode.UNKNOWN_TOPIC_ID)
  })
})
