/** Produce on the wire, in old and new versions: partial refusals, ids, acks=0, and what is on record. */
import { errorCode, fetch, produce } from '@weir/kafka-protocol'
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordBatch } from './batch.ts'
import { fetchInput, put, seen, startDataPathWorld } from './data-path-world.ts'
import type { DataPathWorld } from './data-path-world.ts'
import { WireClient } from './wire.ts'

describe.skipIf(!needs('kafka'))('Produce', () => {
  let world: DataPathWorld
  beforeAll(async () => {
    world = await startDataPathWorld()
  })
  afterAll(() => world?.stop())

  test.each([3, 7, 9, 12])(
    'Produce v%i: the allowed topic is written, the refused one answers 29, in the order asked',
    async (version) => {
      const client = await world.connect('alice')
      const before = world.gateway.of('kafka.publish').length
      const answer = await client.ask(produce, version, {
        acks: 1,
        timeoutMs: 5_000,
        topicData: ['closed.b', 'open.a', 'missing.z', 'open.c'].map((name) => ({
          name,
          partitionData: [{ index: 0, records: recordBatch(['x', 'y']) }],
        })),
      })
      expect(answer.responses.map((t) => [t.name, t.partitionResponses[0]?.errorCode])).toEqual([
        ['closed.b', 29],
        ['open.a', 0],
        ['missing.z', 29],
        ['open.c', 0],
      ])
      if (version >= 8) expect(answer.responses[0]?.partitionResponses[0]?.errorMessage).toMatch(/closed\.b/)
      const events = world.gateway.of('kafka.publish').slice(before)
      const written = answer.responses
        .filter((t) => t.name.startsWith('open.'))
        .map((t) => {
          const base = Number(t.partitionResponses[0]?.baseOffset)
          return `${t.name} ${base}-${base + 1}`
        })
      expect(new Set(events.map((e) => `${e.topic} ${e.firstOffset}-${e.lastOffset}`))).toEqual(new Set(written))
      expect(events.map((e) => e.records)).toEqual([2, 2])
    },
  )

  test('Produce v13: refused entries carry their topic id, and an unknown id fails alone', async () => {
    const client = await world.connect('alice')
    const ids = {
      open: await world.idOf('open.a'),
      closed: await world.idOf('closed.b'),
      unknown: 'AAAAAAAAAAAAAAAAAAAAAg',
    }
    const answer = await client.ask(produce, 13, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [ids.unknown, ids.open, ids.closed].map((topicId) => ({
        topicId,
        partitionData: [{ index: 0, records: recordBatch(['id']) }],
      })),
    })
    expect(answer.responses.map((t) => [t.topicId, t.partitionResponses[0]?.errorCode])).toEqual([
      [ids.unknown, errorCode.UNKNOWN_TOPIC_ID],
      [ids.open, 0],
      [ids.closed, 29],
    ])
    expect(world.gateway.of('kafka.publish').at(-1)).toMatchObject({ topic: 'open.a', topicId: ids.open })
  })

  test('records that are not exactly one batch are refused with 87, and the partition beside them is written', async () => {
    const client = await world.connect('alice')
    const two = Buffer.concat([recordBatch(['1']), recordBatch(['2'])])
    // Two batches, none, null, one cut short, noise.
    const bad = [two, Buffer.alloc(0), null, recordBatch(['1']).subarray(0, 40), Buffer.alloc(100, 0xab)]
    for (const records of bad) {
      const before = world.gateway.of('kafka.publish').length
      const answer = await client.ask(produce, 9, {
        acks: -1,
        timeoutMs: 5_000,
        topicData: [
          { name: 'open.a', partitionData: [{ index: 0, records }] },
          { name: 'open.c', partitionData: [{ index: 0, records: recordBatch(['good']) }] },
        ],
      })
      const codes = answer.responses.map((t) => [t.name, t.partitionResponses[0]?.errorCode])
      expect(codes).toEqual([
        ['open.a', errorCode.INVALID_RECORD],
        ['open.c', 0],
      ])
      expect(
        world.gateway
          .of('kafka.publish')
          .slice(before)
          .map((e) => e.topic),
      ).toEqual(['open.c'])
    }
  })

  test('acks=0 is on record with the offsets it got, and answers nothing', async () => {
    const client = await world.connect('alice')
    const next = (await put(client, 'open.c', ['before'])).responses[0]?.partitionResponses[0]?.baseOffset ?? -1n
    client.post(produce, 9, {
      acks: 0,
      timeoutMs: 5_000,
      topicData: [{ name: 'open.c', partitionData: [{ index: 0, records: recordBatch(['silent', 'too']) }] }],
    })
    // The next answer belongs to the next request: nothing came for the silent one.
    const after = (await put(client, 'open.c', ['after'])).responses[0]?.partitionResponses[0]?.baseOffset
    expect(after).toBe(next + 3n)
    expect(
      world.gateway
        .of('kafka.publish')
        .slice(-3)
        .map((e) => [e.firstOffset, e.lastOffset]),
    ).toEqual([
      [Number(next), Number(next)],
      [Number(next) + 1, Number(next) + 2],
      [Number(next) + 3, Number(next) + 3],
    ])
  })

  test('transactional batches and internal topics are refused, whatever the policy says', async () => {
    const transactional = await world.root.ask(produce, 9, {
      transactionalId: 'tx',
      acks: -1,
      timeoutMs: 5_000,
      topicData: [
        {
          name: 'open.a',
          partitionData: [
            { index: 0, records: recordBatch(['t'], { transactional: true, producerId: 1n, sequence: 0 }) },
          ],
        },
      ],
    })
    expect(transactional.responses[0]?.partitionResponses[0]?.errorCode).toBe(
      errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    )
    for (const name of ['__consumer_offsets', '__transaction_state', '__share_group_state']) {
      expect((await put(world.root, name, ['x'])).responses[0]?.partitionResponses[0]?.errorCode).toBe(29)
    }
  })

  test('evidence that cannot be written keeps records from leaving and a publish from being acknowledged', async () => {
    const reader = await world.connect('reader')
    const writer = await world.connect('writer')
    world.gateway.failRecording(true)
    try {
      await expect(reader.ask(fetch, 11, fetchInput([{ topic: 'open.a' }]))).rejects.toThrow(/closed/)
      await expect(put(writer, 'open.a', ['lost'])).rejects.toThrow(/closed/)
      await expect(
        WireClient.login(world.gateway.bootstrap, await world.gateway.token('new', ['team'])),
      ).rejects.toThrow()
    } finally {
      world.gateway.failRecording(false)
    }
    const again = await world.connect('reader')
    expect(seen(await again.ask(fetch, 11, fetchInput([{ topic: 'open.a' }])))).toEqual([['open.a', 0, true]])
  })
})
