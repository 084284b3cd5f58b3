/** Who wrote and who read each single offset. */
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runConsoleConsumer, runConsoleProducer, runKafkaJs, runKcat, runPython } from './clients.ts'
import type { Ran } from './clients.ts'
import { readOffsets } from './direct.ts'
import { expectReaders, expectWriters, nameOf, span, useOf } from './record-checks.ts'
import type { Client, Reading, Use } from './record-checks.ts'
import { eventually, startSystem } from './system.ts'
import type { System } from './system.ts'

describe.skipIf(!needs('kafka', 'kcat', 'confluent-kafka'))('the record of every offset', () => {
  let system: System
  beforeAll(async () => {
    // Compaction is real, but an operator's fifteen seconds between two looks are too long here.
    system = await startSystem({ brokerProperties: { 'log.cleaner.backoff.ms': '300' } })
  })
  afterAll(() => system?.stop())

  const valuesOf = async (topic: string) => (await readOffsets(system, topic)).map(({ value }) => value)
  const kafkaJs = (topic: string) => ({ action: 'publish', topic, partition: 0, pauseMs: 300 }) as const

  /** Six principals at once, each with a client and a compression of their own, and batches of different sizes. */
  async function writeInterleaved(topic: string): Promise<Use[]> {
    const js = kafkaJs(topic)
    const python = (batches: number[], compression: string) => {
      const producer = { 'compression.type': compression, 'enable.idempotence': true }
      return { action: 'publish', topic, batches, producer, pause: 0.3 }
    }
    const lines = Array.from({ length: 6 }, (_, index) => `kcat-dave:${index}\n`).join('')
    const kcat = ['-P', '-t', topic, '-p', '0', '-X', 'client.id=kcat-dave', '-z', 'snappy']
    const [alice, bob, carol, dave, erin, etl] = await Promise.all([
      runKafkaJs(system, 'alice', { ...js, clientId: 'js-alice', batches: [1, 5, 2, 7], gzip: true }),
      runPython(system, 'bob', 'py-bob', python([4, 1, 6], 'lz4')),
      runConsoleProducer(system, { who: 'carol', clientId: 'java-carol' }, topic, 8),
      runKcat(system, 'dave', kcat, lines),
      runKafkaJs(system, 'erin', { ...js, clientId: 'js-erin', batches: [3, 4, 1], acks: 0 }),
      runPython(system, 'etl', 'py-etl', python([2, 7], 'zstd')),
    ])
    // Records whose answer nobody waits for may come last.
    await eventually('all records', async () => (await valuesOf(topic)).length === 15 + 11 + 8 + 6 + 8 + 9, 20_000)
    const late = { ...erin, toMs: Date.now() }

    // What the producers were told agrees with what stands in the log.
    const values = await valuesOf(topic)
    expect(alice.lines).toHaveLength(4)
    for (const { base = 0, count = 0 } of alice.lines) {
      expect(values.slice(base, base + count).every((value) => value.startsWith('js-alice:'))).toBe(true)
    }
    expect(bob.lines).toHaveLength(11)
    for (const { offset, value } of bob.lines) expect(values[offset!]).toBe(value)
    const turns = values.filter((value, offset) => value.split(':')[0] !== values[offset - 1]?.split(':')[0])
    expect(turns.length, 'not interleaved').toBeGreaterThan(6)
    return [
      useOf({ who: 'alice', clientId: 'js-alice' }, alice),
      useOf({ who: 'bob', clientId: 'py-bob' }, bob),
      useOf({ who: 'carol', clientId: 'java-carol' }, carol),
      useOf({ who: 'dave', clientId: 'kcat-dave' }, dave),
      useOf({ who: 'erin', clientId: 'js-erin' }, late),
      useOf({ who: 'etl', clientId: 'py-etl' }, etl),
    ]
  }

  type ReadRange = { readonly from: number; readonly until: number; readonly asked?: number }

  /** A reader that saw exactly what it asked for; on the wire it may have begun earlier, with the batch. */
  function readingOf(reader: Client, ran: Ran<{ offset?: number }>, { from, until, asked }: ReadRange): Reading {
    expect(
      ran.lines.map(({ offset }) => offset),
      nameOf(reader),
    ).toEqual([...span(asked ?? from, until)])
    return { ...useOf(reader, ran), offsets: span(from, until), ...(asked !== undefined && { asked }) }
  }

  async function expectNobody(topic: string, offset: number): Promise<void> {
    for (const verb of ['wrote', 'read']) {
      const question = verb === 'wrote' ? 'who-wrote' : 'who-read'
      const position = ['--topic', topic, '--partition', '0', '--offset', String(offset)]
      const nobody = await system.weir('evidence', question, ...position)
      expect(nobody.code).toBe(1)
      expect(nobody.stdout).toContain(`Nobody ${verb} offset ${offset} of ${topic}-0, as far as the record goes.`)
    }
  }

  test('several principals interleaved on one partition, with readers that overlap', async () => {
    const topic = 'public.ledger'
    await system.createTopic(topic, 1)
    const writers = await writeInterleaved(topic)
    const end = (await valuesOf(topic)).length
    const bob = { who: 'bob', clientId: 'console-consumer', group: 'public-a' }
    const whole = readingOf(bob, await runConsoleConsumer(system, bob, topic, end), { from: 0, until: end })

    const later = { who: 'dave', clientId: 'js-dave' }
    const batches = [5, 2]
    writers.push(useOf(later, await runKafkaJs(system, 'dave', { ...kafkaJs(topic), clientId: 'js-dave', batches })))
    const until = end + 7
    // The same group goes on where it was, as somebody else.
    const dave = { who: 'dave', clientId: 'py-reader', group: 'public-a' }
    const consume = { action: 'consume', topic, until }
    const goingOn = await runPython(system, 'dave', 'py-reader', { ...consume, group: 'public-a' })
    const rest = readingOf(dave, goingOn, { from: end, until })

    await system.shipped()
    const written = await expectWriters(system, topic, await valuesOf(topic), writers)
    // Another group begins in the middle of a batch, which comes whole.
    const batch = written.findLast(({ firstOffset, lastOffset }) => lastOffset < end && lastOffset - firstOffset > 2)!
    const asked = batch.firstOffset + 2
    const alice = { who: 'alice', clientId: 'py-middle', group: 'public-b' }
    const begun = await runPython(system, 'alice', 'py-middle', { ...consume, group: 'public-b', start: asked })
    const middle = readingOf(alice, begun, { from: batch.firstOffset, until, asked })

    await system.shipped()
    await expectReaders(system, topic, until, [whole, rest, middle])
    await expectNobody(topic, until)
    await expectNobody(topic, until + 1_000)
  }, 180_000)

  /** Each batch loses the keys that a later one writes again, and keeps the others: holes inside every batch but the last. */
  async function writeWithEveryCodec(topic: string): Promise<Use[]> {
    const writers: Use[] = []
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
    for (const [index, codec] of codecs.entries()) {
      const who = ['alice', 'bob', 'dave', 'erin', 'etl'][index]!
      const client = { who, clientId: `py-${codec}` }
      const keys = Array.from({ length: 8 }, (_, key) => (key % 2 === 0 ? `shared-${key}` : `${codec}-${key}`))
      const task = { action: 'publish', topic, batches: [8], keys, producer: { 'compression.type': codec } }
      writers.push(useOf(client, await runPython(system, who, client.clientId, task)))
    }
    return writers
  }

  /** Has the partition really compacted; gives the offsets that are left, and who wrote the record after those before. */
  async function compact(topic: string): Promise<{ left: number[]; roll: Use }> {
    // The last segment is never compacted, so one more record, after the time of a segment, makes the one before it ready.
    const compaction = 'cleanup.policy=compact,segment.ms=500,min.cleanable.dirty.ratio=0.01,delete.retention.ms=0'
    await system.kafka.admin.expect('kafka-configs', ['--alter', '--topic', topic, '--add-config', compaction])
    const roll = { who: 'carol', clientId: 'js-roll' }
    const rolled = await runKafkaJs(system, 'carol', {
      ...roll,
      action: 'publish',
      topic,
      partition: 0,
      batches: [1],
      keys: 1,
    })
    const survivors = () => readOffsets(system, topic)
    // Four keys of each batch are its own, and the last batch keeps the four shared ones too.
    await eventually('the partition to be compacted', async () => (await survivors()).length === 5 * 4 + 4 + 1)
    return { left: (await survivors()).map(({ offset }) => offset), roll: useOf(roll, rolled) }
  }

  test('a compacted partition: who read before and after is told for exactly the offsets that were there', async () => {
    const topic = 'public.compacted'
    await system.createTopic(topic, 1)
    const writers = await writeWithEveryCodec(topic)
    const end = writers.length * 8
    const ofAlice = { who: 'alice', clientId: 'py-before', group: 'public-before' }
    const task = { action: 'consume', topic, group: 'public-before', until: end }
    const before = await runPython(system, 'alice', 'py-before', task)
    const values = before.lines.map(({ value }) => value!)
    expect(before.lines.map(({ offset }) => offset)).toEqual([...span(0, end)])

    const { left, roll } = await compact(topic)
    writers.push(roll)
    values.push('js-roll:0')

    const python = { who: 'dave', clientId: 'py-after', group: 'public-python' }
    const after = await runPython(system, 'dave', 'py-after', {
      action: 'consume',
      topic,
      group: 'public-python',
      until: end + 1,
    })
    expect(after.lines.map(({ offset }) => offset)).toEqual(left)

    const javas = { who: 'bob', clientId: 'console-consumer', group: 'public-java' }
    const java = await runConsoleConsumer(system, javas, topic, left.length)
    expect(java.lines.map(({ offset }) => offset)).toEqual(left)

    await system.shipped()
    await expectWriters(system, topic, values, writers)
    await expectReaders(system, topic, end + 1, [
      { ...useOf(ofAlice, before), offsets: span(0, end) },
      { ...useOf(python, after), offsets: new Set(left) },
      { ...useOf(javas, java), offsets: new Set(left) },
    ])
  }, 180_000)

  test('whoever looks at the record stands in it', async () => {
    const position = ['--topic', 'public.looked-at', '--partition', '7', '--offset', '42']
    expect((await system.weir('evidence', 'who-read', ...position, '--as', 'erin')).code).toBe(1)
    type Looks = { events: { event: { subject?: string; route?: string; query?: Record<string, unknown> } }[] }
    const { events } = await system.ask<Looks>(['evidence', 'list', '--type', 'evidence.look'])
    const look = events.find(({ event }) => event.query?.['topic'] === 'public.looked-at')
    expect(look?.event).toMatchObject({ subject: 'erin', route: 'access', query: { action: 'consume', offset: 42 } })
    const refused = await system.weir('evidence', 'who-read', ...position, '--as', 'dave')
    expect(refused.code).toBe(1)
    expect(refused.stdout + refused.stderr).toContain('evidence')
  })
})
