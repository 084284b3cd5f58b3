/** Produce and Fetch on the wire, in old and new versions: partial refusals, sessions, ids, acks=0, and what is on record. */
import { createTopics, deleteTopics, errorCode, fetch, listOffsets, metadata, produce } from '@weir/kafka-protocol'
import type { RequestInputOf, ResponseOf } from '@weir/kafka-protocol'
import { needs, startKafka } from '@weir/testing'
import type { Kafka } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { recordBatch } from './batch.ts'
import { startHarness } from './harness.ts'
import type { Harness } from './harness.ts'
import { WireClient } from './wire.ts'

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'

function policy(topics: string): string {
  return `
version: 1
rules:
  - id: team
    subjects: [{ group: team }]
    actions: [publish, consume, describe]
    resources: [${topics}]
    effect: allow
  - id: root
    subjects: [{ group: root }]
    actions: [publish, consume, describe, create, delete]
    resources: ["kafka:topic:*"]
    effect: allow
`
}
const onlyOpen = policy('"kafka:topic:open.*"')
const everything = policy('"kafka:topic:*"')

describe.skipIf(!needs('kafka'))('the data path', () => {
  let kafka: Kafka
  let gateway: Harness
  let root: WireClient
  const clients: WireClient[] = []
  beforeAll(async () => {
    kafka = await startKafka()
    gateway = await startHarness(kafka, onlyOpen)
    root = await connect('root', 'root')
    await create('open.a', 'closed.b', 'open.c')
  })
  afterAll(async () => {
    for (const client of clients) client.close()
    await gateway?.stop()
    await kafka?.stop()
  })

  async function connect(subject: string, group = 'team'): Promise<WireClient> {
    const client = await WireClient.login(gateway.bootstrap, await gateway.token(subject, [group]))
    clients.push(client)
    return client
  }

  async function create(...names: string[]): Promise<void> {
    const topics = names.map((name) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }))
    const answer = await root.ask(createTopics, 7, { topics })
    for (const topic of answer.topics) expect(topic.errorCode).toBe(0)
    for (const name of names) {
      // The broker leads a new partition a moment after it says that it is made.
      const partitions = [{ partitionIndex: 0, timestamp: -1n }]
      const leads = async () =>
        (await root.ask(listOffsets, 1, { replicaId: -1, topics: [{ name, partitions }] })).topics[0]?.partitions[0]
          ?.errorCode
      await vi.waitFor(async () => expect(await leads()).toBe(0), { timeout: 10_000 })
    }
  }

  async function idOf(name: string): Promise<string> {
    const answer = await root.ask(metadata, 12, { topics: [{ name, topicId: zeroId }], allowAutoTopicCreation: false })
    return answer.topics[0]?.topicId ?? ''
  }

  const put = (client: WireClient, topic: string, values: string[]) =>
    client.ask(produce, 9, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: recordBatch(values) }] }],
    })

  type FetchInput = RequestInputOf<typeof fetch>
  const fetchInput = (
    topics: { topic?: string; topicId?: string; fetchOffset?: bigint }[],
    session?: { id: number; epoch: number },
  ): FetchInput => ({
    maxWaitMs: 100,
    minBytes: 1,
    sessionId: session?.id ?? 0,
    sessionEpoch: session?.epoch ?? -1,
    topics: topics.map(({ topic, topicId, fetchOffset }) => ({
      ...(topic === undefined ? { topicId: topicId ?? '' } : { topic }),
      partitions: [{ partition: 0, fetchOffset: fetchOffset ?? 0n, partitionMaxBytes: 1_000_000 }],
    })),
    forgottenTopicsData: [],
  })
  const seen = (response: ResponseOf<typeof fetch>) =>
    response.responses.map((t) => [
      t.topic === '' ? t.topicId : t.topic,
      t.partitions[0]?.errorCode,
      (t.partitions[0]?.records?.length ?? 0) > 0,
    ])

  test.each([3, 7, 9, 12])(
    'Produce v%i: the allowed topic is written, the refused one answers 29, in the order asked',
    async (version) => {
      const client = await connect('alice')
      const before = gateway.of('kafka.publish').length
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
      const events = gateway.of('kafka.publish').slice(before)
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
    const client = await connect('alice')
    const ids = { open: await idOf('open.a'), closed: await idOf('closed.b'), unknown: 'AAAAAAAAAAAAAAAAAAAAAg' }
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
    expect(gateway.of('kafka.publish').at(-1)).toMatchObject({ topic: 'open.a', topicId: ids.open })
  })

  test('records that are not exactly one batch are refused with 87, and the partition beside them is written', async () => {
    const client = await connect('alice')
    const two = Buffer.concat([recordBatch(['1']), recordBatch(['2'])])
    // Two batches, none, null, one cut short, noise.
    const bad = [two, Buffer.alloc(0), null, recordBatch(['1']).subarray(0, 40), Buffer.alloc(100, 0xab)]
    for (const records of bad) {
      const before = gateway.of('kafka.publish').length
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
        gateway
          .of('kafka.publish')
          .slice(before)
          .map((e) => e.topic),
      ).toEqual(['open.c'])
    }
  })

  test('acks=0 is on record with the offsets it got, and answers nothing', async () => {
    const client = await connect('alice')
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
      gateway
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
    const transactional = await root.ask(produce, 9, {
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
      expect((await put(root, name, ['x'])).responses[0]?.partitionResponses[0]?.errorCode).toBe(29)
    }
  })

  test('Fetch v4 and v11: records of the allowed topic only, each on record once', async () => {
    await put(root, 'closed.b', ['secret'])
    const client = await connect('reader')
    for (const version of [4, 11]) {
      const before = gateway.of('kafka.consume').length
      const answer = await client.ask(fetch, version, fetchInput([{ topic: 'closed.b' }, { topic: 'open.a' }]))
      expect(new Map(seen(answer).map(([topic, ...rest]) => [topic, rest]))).toEqual(
        new Map([
          ['open.a', [0, true]],
          ['closed.b', [29, false]],
        ]),
      )
      const events = gateway.of('kafka.consume').slice(before)
      expect(events).toMatchObject([{ topic: 'open.a', firstOffset: 0, requestedOffset: 0 }])
      expect(events[0]?.records).toBe((events[0]?.lastOffset ?? 0) + 1)
    }
  })

  test('a fetch session: the refused partition stays refused, comes with a new policy, and goes with the next', async () => {
    await create('open.s', 'closed.s')
    for (const topic of ['open.s', 'closed.s']) await put(root, topic, ['1'])
    const client = await connect('session')
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

    gateway.applyPolicy(everything)
    const granted = await step()
    expect(granted.errorCode).toBe(0)
    expect(seen(granted)).toContainEqual(['closed.s', 0, true])
    expect(gateway.of('kafka.consume').at(-1)).toMatchObject({ topic: 'closed.s', firstOffset: 0 })
    expect(seen(await step([{ topic: 'closed.s', fetchOffset: 1n }]))).toEqual([])

    gateway.applyPolicy(onlyOpen)
    await put(root, 'closed.s', ['2'])
    expect(seen(await step())).toEqual([['closed.s', 29, false]])
    await put(root, 'open.s', ['2'])
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
    const client = await connect('reader')
    const answer = await client.ask(fetch, 11, fetchInput([], { id: 12_345, epoch: 3 }))
    expect(answer.errorCode).toBe(errorCode.FETCH_SESSION_ID_NOT_FOUND)
  })

  test('Fetch v17 by id: refused and unknown ids answer for themselves; a topic made anew has another id', async () => {
    await create('open.r')
    await put(root, 'open.r', ['first life'])
    const first = await idOf('open.r')
    const client = await connect('reader')
    const ids = { closed: await idOf('closed.b'), unknown: 'AAAAAAAAAAAAAAAAAAAAAw' }
    const both = await client.ask(
      fetch,
      17,
      fetchInput([{ topicId: first }, { topicId: ids.closed }, { topicId: ids.unknown }]),
    )
    expect(new Set(seen(both).map(String))).toEqual(
      new Set([`${first},0,true`, `${ids.closed},29,false`, `${ids.unknown},100,false`]),
    )
    expect(gateway.of('kafka.consume').at(-1)).toMatchObject({ topic: 'open.r', topicId: first })

    await root.ask(deleteTopics, 6, { topics: [{ name: 'open.r', topicId: zeroId }], timeoutMs: 5_000 })
    await create('open.r')
    const second = await idOf('open.r')
    expect(second).not.toBe(first)
    const gone = await client.ask(fetch, 17, fetchInput([{ topicId: first }]))
    expect(gone.responses[0]?.partitions[0]?.errorCode).toBe(errorCode.UNKNOWN_TOPIC_ID)
  })

  test('evidence that cannot be written keeps records from leaving and a publish from being acknowledged', async () => {
    const reader = await connect('reader')
    const writer = await connect('writer')
    gateway.failRecording(true)
    try {
      await expect(reader.ask(fetch, 11, fetchInput([{ topic: 'open.a' }]))).rejects.toThrow(/closed/)
      await expect(put(writer, 'open.a', ['lost'])).rejects.toThrow(/closed/)
      await expect(WireClient.login(gateway.bootstrap, await gateway.token('new', ['team']))).rejects.toThrow()
    } finally {
      gateway.failRecording(false)
    }
    const again = await connect('reader')
    expect(seen(await again.ask(fetch, 11, fetchInput([{ topic: 'open.a' }])))).toEqual([['open.a', 0, true]])
  })
})
