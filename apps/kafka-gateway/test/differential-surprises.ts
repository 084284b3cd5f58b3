/** What surprises the author of a Kafka proxy, row by row of the list that the gateway was built from; the rest is in the other tests. */
import { apiVersions, fetch, metadata, produce } from '@weir/kafka-protocol'
import type { RequestInputOf } from '@weir/kafka-protocol'
import { expect, test, vi } from 'vitest'
import { recordBatch } from './batch.ts'
import { named } from './differential-world.ts'
import type { World } from './differential-world.ts'

/** Of a batch of magic 2. */
const headerBytes = 61

const oneFetch = (topic: string, fetchOffset: bigint, partitionMaxBytes: number): RequestInputOf<typeof fetch> => ({
  maxWaitMs: 0,
  minBytes: 0,
  topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes }] }],
  forgottenTopicsData: [],
})
const oneProduce = (name: string, index: number, acks: number): RequestInputOf<typeof produce> => ({
  acks,
  timeoutMs: 5_000,
  topicData: [{ name, partitionData: [{ index, records: recordBatch(['v']) }] }],
})

export function testSurprises(worldOf: () => World): void {
  test.each([4, 11])('row 4, Fetch v%i: a batch cut short does not leave, and is not on record', async (version) => {
    const { gateway, root, connect } = worldOf()
    const client = await connect('gateway', 'all')
    const firstBytes = recordBatch(['one', 'two']).length
    // Past the header of the second batch, into its record.
    const cutAt = firstBytes + headerBytes + 8
    const asked = oneFetch('full.a', 0n, cutAt)
    const direct = (await root.ask(fetch, version, asked)).responses[0]?.partitions[0]?.records
    // The broker itself cuts in the middle of the second batch.
    expect(direct?.length).toBe(cutAt)
    expect(direct?.subarray(firstBytes + headerBytes).some((byte) => byte !== 0)).toBe(true)
    const before = gateway.of('kafka.consume').length
    const through = (await client.ask(fetch, version, asked)).responses[0]?.partitions[0]?.records
    expect(through?.subarray(0, firstBytes)).toEqual(direct?.subarray(0, firstBytes))
    // The length stays; what there was of the record is gone.
    expect(through?.length).toBe(cutAt)
    expect(through?.subarray(firstBytes + headerBytes).every((byte) => byte === 0)).toBe(true)
    expect(gateway.of('kafka.consume').slice(before)).toMatchObject([{ firstOffset: 0, lastOffset: 1, records: 2 }])
    client.close()
  })

  test('row 4: a batch that begins before the offset asked for is on record whole, with that offset', async () => {
    const { gateway, connect } = worldOf()
    const client = await connect('gateway', 'all')
    const before = gateway.of('kafka.consume').length
    await client.ask(fetch, 11, oneFetch('full.a', 1n, 10_000))
    expect(gateway.of('kafka.consume').slice(before)).toMatchObject([
      { topic: 'full.a', firstOffset: 0, lastOffset: 2, records: 3, requestedOffset: 1 },
    ])
    client.close()
  })

  test('rows 2, 6, 7, 8, 12 and 13: what is offered is what a broker offers, less what could be abused', async () => {
    const { root, connect } = worldOf()
    const client = await connect('gateway', 'all')
    const ours = await client.versions(4)
    const theirs = await root.versions(4)
    const range = (answer: typeof ours, key: number) => answer.apiKeys.find((api) => api.apiKey === key)
    const different = ours.apiKeys.filter((api) => JSON.stringify(range(theirs, api.apiKey)) !== JSON.stringify(api))
    expect(different).toEqual([])
    // Row 7: version 5 would carry the cluster's id. Row 12: Produce is offered from 0.
    expect(range(ours, apiVersions.key)?.maxVersion).toBe(4)
    expect(range(ours, produce.key)).toMatchObject({ minVersion: 0 })
    // Rows 6 and 8: streams groups make topics; the brokers' own requests.
    const offered = new Set(ours.apiKeys.map((api) => api.apiKey))
    expect([88, 27, 83, 84, 85, 86, 87].filter((key) => offered.has(key))).toEqual([])
    // Row 13: with this feature a producer would skip the requests in which its transaction is decided on.
    expect(theirs.finalizedFeatures.map((feature) => feature.name)).toContain('transaction.version')
    expect(ours.finalizedFeatures.map((feature) => feature.name)).not.toContain('transaction.version')
    expect([24, 25, 26, 28].filter((key) => offered.has(key))).toEqual([])
    client.close()
  })

  test('row 12: a Produce of the offered versions 0 to 2 ends the connection', async () => {
    const { connect } = worldOf()
    for (const version of [0, 1, 2]) {
      const client = await connect('gateway', 'all')
      const frame = Buffer.alloc(4 + 10)
      frame.writeInt32BE(10)
      frame.writeInt16BE(version, 6)
      frame.writeInt16BE(-1, 12)
      client.raw(frame)
      await client.closed
    }
  })

  test.each(['__consumer_offsets', '__transaction_state', '__share_group_state'])(
    'row 9: the client id __admin_client does not open %s',
    async (name) => {
      const { connect } = worldOf()
      const client = await connect('gateway', 'all')
      const answer = await client.ask(produce, 9, oneProduce(name, 0, -1), '__admin_client')
      expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(29)
      client.close()
    },
  )

  test('row 10: an error of the broker ends the connection of a producer that wants no answers', async () => {
    const { connect } = worldOf()
    const client = await connect('gateway', 'all')
    client.post(produce, 9, oneProduce('write.a', 7, 0))
    await client.closed
    expect(client.received).toBe(0)
  })
}

/** Topics that spring from a Metadata request, with the broker's `auto.create.topics.enable` on, as it is by default. */
export function testAutomaticCreation(worldOf: () => World): void {
  const versions = Array.from({ length: 14 }, (_, version) => version)
  const ask = (names: readonly string[], version: number, allowed: boolean): RequestInputOf<typeof metadata> =>
    version < 4 ? { topics: named(...names) } : { topics: named(...names), allowAutoTopicCreation: allowed }
  const existing = async (names: readonly string[]) => {
    const answer = await worldOf().root.ask(metadata, 12, ask(names, 12, false))
    return answer.topics.filter((topic) => topic.errorCode === 0).map((topic) => topic.name)
  }

  test.each(versions)('Metadata v%i makes the missing topics that may be made, and no other', async (version) => {
    const names = ['none', 'full', 'desc', 'make', 'write'].map((prefix) => `${prefix}.auto-${version}`)
    const mine = await worldOf().connect('gateway', 'mixed')
    const answer = await mine.ask(metadata, version, ask(names, version, true))
    const codes = new Map(answer.topics.map((topic) => [topic.name?.split('.')[0], topic.errorCode]))
    expect([...codes.keys()]).toEqual(['none', 'full', 'desc', 'make', 'write'])
    expect([29, 3, 29, 3]).toEqual(['none', 'desc', 'make', 'write'].map((prefix) => codes.get(prefix)))
    await vi.waitFor(async () => expect(await existing(names)).toEqual([names[1]]), { timeout: 10_000 })
    mine.close()
  })

  test.each(versions.slice(4))('Metadata v%i makes nothing when it asks for nothing to be made', async (version) => {
    const names = [`full.unasked-${version}`]
    const all = await worldOf().connect('gateway', 'all')
    expect((await all.ask(metadata, version, ask(names, version, false))).topics[0]?.errorCode).toBe(3)
    // A topic made on purpose comes after whatever that request could have started.
    await worldOf().createTopic(`full.after-${version}`)
    expect(await existing(names)).toEqual([])
    all.close()
  })

  test('CREATE on the cluster alone makes nothing, as the name cannot be seen', async () => {
    const names = ['none.operated']
    const operator = await worldOf().connect('gateway', 'operator')
    expect((await operator.ask(metadata, 9, ask(names, 9, true))).topics[0]?.errorCode).toBe(29)
    await worldOf().createTopic('full.operated')
    expect(await existing(names)).toEqual([])
    operator.close()
  })
}
