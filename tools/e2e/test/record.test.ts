/** Who wrote and who read each single offset, compared with what the clients themselves saw. */
import type { Output } from '@weir/control-plane-client'
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runKafkaJs, runKcat, runPython } from './clients.ts'
import type { Ran } from './clients.ts'
import { readOffsets } from './direct.ts'
import { eventually, startSystem } from './system.ts'
import type { System } from './system.ts'

/** A client that used a partition: a record of it must name exactly this one. */
type Client = { readonly who: string; readonly clientId: string; readonly group?: string }
type Use = Client & { readonly fromMs: number; readonly toMs: number }
/** A use that covers `first` to `last`, and asked from `asked` on where that lies inside a batch. */
type Reading = Use & { readonly offsets: ReadonlySet<number>; readonly asked?: number }

type Access = Output<'access'>['accesses'][number]
type Answer = Pick<Output<'access'>, 'accesses'>

const isWhole = needs('kafka', 'kcat', 'confluent-kafka')

describe.skipIf(!isWhole)('the record of every offset', () => {
  let system: System
  beforeAll(async () => {
    // Compaction is real, but an operator's fifteen seconds between two looks are too long here.
    system = await startSystem({ brokerProperties: { 'log.cleaner.backoff.ms': '300' } })
  })
  afterAll(() => system?.stop())

  type Question = 'who-wrote' | 'who-read'

  /** Every offset at the API, and some of them with the command, which must say the same and exit with 1 for nobody. */
  async function askAll(question: Question, topic: string, end: number): Promise<readonly Access[][]> {
    const action = question === 'who-wrote' ? 'publish' : 'consume'
    const answers: Access[][] = []
    for (let offset = 0; offset < end; offset++) {
      const query = { protocol: 'kafka', action, topic, partition: 0, offset } as const
      answers.push((await system.api.call('access', { query })).accesses)
    }
    for (const offset of [0, Math.floor(end / 3), Math.floor(end / 2), end - 1]) {
      const args = ['evidence', question, '--topic', topic, '--partition', '0', '--offset', String(offset)]
      const { accesses } = await system.ask<Answer>(args, answers[offset]!.length > 0 ? 0 : 1)
      expect(accesses).toEqual(answers[offset])
    }
    return answers
  }

  const name = ({ who, clientId, group = '-' }: Client) => `${who} ${clientId} ${group}`
  const nameOf = ({ person, clientId, group = '-' }: Access) => `${person.subject} ${clientId} ${group}`

  function expectDuring(access: Access, use: Use): void {
    const at = Date.parse(access.at)
    expect(at, `${nameOf(access)} at ${access.at}`).toBeGreaterThanOrEqual(use.fromMs)
    expect(at, `${nameOf(access)} at ${access.at}`).toBeLessThanOrEqual(use.toMs)
  }

  /** Checks who wrote each offset against the writers, found by what stands in the records; gives the batch of each offset. */
  async function expectWriters(topic: string, values: readonly string[], writers: readonly Use[]): Promise<Access[]> {
    const answers = await askAll('who-wrote', topic, values.length)
    const sessions = new Map<string, Set<string>>()
    answers.forEach((accesses, offset) => {
      const clientId = values[offset]!.split(':')[0]
      const writer = writers.find((use) => use.clientId === clientId)!
      expect(accesses.map(nameOf), `offset ${offset} of ${topic}`).toEqual([name(writer)])
      const access = accesses[0]!
      expectDuring(access, writer)
      expect(access.firstOffset <= offset && offset <= access.lastOffset).toBe(true)
      const own = values.slice(access.firstOffset, access.lastOffset + 1)
      expect(own.every((value) => value.startsWith(`${clientId}:`))).toBe(true)
      sessions.set(clientId!, (sessions.get(clientId!) ?? new Set()).add(access.sessionId))
    })
    for (const writer of writers) await expectOneSession(topic, writer, sessions.get(writer.clientId), values)
    return answers.map(([access]) => access!)
  }

  /** A producer publishes to one partition over one connection, so all of its records are of one session, which counts them. */
  async function expectOneSession(
    topic: string,
    writer: Use,
    ids: ReadonlySet<string> | undefined,
    values: readonly string[],
  ) {
    expect(ids?.size, name(writer)).toBe(1)
    const session = await system.api.call('session', { params: { id: [...ids!][0]! } })
    expect(session).toMatchObject({ person: { subject: writer.who }, clientId: writer.clientId })
    expect(Date.parse(session.startedAt)).toBeGreaterThanOrEqual(writer.fromMs)
    expect(Date.parse(session.endedAt!)).toBeGreaterThanOrEqual(Date.parse(session.startedAt))
    const published = session.totals!.filter(
      (total) => total.action === 'publish' && total.resource === `kafka:topic:${topic}`,
    )
    const own = values.filter((value) => value.startsWith(`${writer.clientId}:`)).length
    expect(published.map((total) => total.records)).toEqual([own])
  }

  /** Checks who read each offset: exactly those readings that covered it, and who asked from behind it is said so. */
  async function expectReaders(topic: string, end: number, readings: readonly Reading[]): Promise<void> {
    const coverage = Array.from({ length: end }, (_, offset) => readings.filter(({ offsets }) => offsets.has(offset)))
    const answers = await askAll('who-read', topic, end)
    answers.forEach((accesses, offset) => {
      const readers = coverage[offset]!
      const told = [...new Set(accesses.map(nameOf))]
      expect(told.toSorted(), `offset ${offset} of ${topic}`).toEqual(readers.map(name).toSorted())
      for (const access of accesses) {
        const reading = readers.find((reader) => name(reader) === nameOf(access))!
        expectDuring(access, reading)
        const asked = reading.asked !== undefined && offset < reading.asked ? reading.asked : undefined
        expect(access.requestedOffset, `offset ${offset} read by ${name(reading)}`).toBe(asked)
      }
    })
  }

  const use = (client: Client, ran: Ran<unknown>): Use => {
    expect(ran, `${name(client)}:\n${ran.stdout}${ran.stderr}`).toMatchObject({ code: 0 })
    return { ...client, fromMs: ran.fromMs, toMs: ran.toMs }
  }
  const span = (first: number, end: number) => new Set(Array.from({ length: end - first }, (_, index) => first + index))

  test('several principals interleaved on one partition, with readers that overlap', async () => {
    const topic = 'public.ledger'
    await system.createTopic(topic, 1)
    const values = async () => (await readOffsets(system, topic)).map(({ value }) => value)
    const writers: Use[] = []
    const write = async <Line>(client: Client, running: Promise<Ran<Line>>) => {
      const ran = await running
      writers.push(use(client, ran))
      return ran
    }
    const js = { action: 'publish', topic, partition: 0, pauseMs: 40 } as const
    const alice = { who: 'alice', clientId: 'js-alice' }
    const bob = { who: 'bob', clientId: 'py-bob' }
    const carol = { who: 'carol', clientId: 'java-carol' }
    const dave = { who: 'dave', clientId: 'kcat-dave' }
    const erin = { who: 'erin', clientId: 'js-erin' }
    const etl = { who: 'etl', clientId: 'py-etl' }
    const python = (batches: number[], compression: string) => ({
      action: 'publish',
      topic,
      batches,
      producer: { 'compression.type': compression, 'enable.idempotence': true },
    })
    const records = (client: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${client}:${index}\n`).join('')
    const runConsoleProducer = async () => {
      const fromMs = Date.now()
      const args = ['--topic', topic, '--compression-codec', 'zstd', '--command-property', 'client.id=java-carol']
      const ran = await system.tool('kafka-console-producer', 'carol', args, { input: records('java-carol', 8) })
      return { ...ran, lines: [], fromMs, toMs: Date.now() }
    }
    const startedMs = Date.now()
    const [acknowledged, delivered] = await Promise.all([
      write(alice, runKafkaJs(system, 'alice', { ...js, ...alice, batches: [1, 5, 2, 7], gzip: true })),
      write(bob, runPython(system, 'bob', 'py-bob', python([4, 1, 6], 'lz4'))),
      write(erin, runKafkaJs(system, 'erin', { ...js, ...erin, batches: [3, 4, 1], acks: 0 })),
      write(etl, runPython(system, 'etl', 'py-etl', python([2, 7], 'zstd'))),
      write(
        dave,
        runKcat(
          system,
          'dave',
          ['-P', '-t', topic, '-p', '0', '-X', 'client.id=kcat-dave', '-z', 'snappy'],
          records('kcat-dave', 6),
        ),
      ),
      write(carol, runConsoleProducer()),
    ])
    // Records that nobody waits for may come last.
    await eventually('all records', async () => (await values()).length === 15 + 11 + 8 + 9 + 6 + 8, 20_000)
    writers[writers.findIndex(({ clientId }) => clientId === 'js-erin')] = {
      ...erin,
      fromMs: startedMs,
      toMs: Date.now(),
    }
    const first = await values()
    const end = first.length
    // What the producers were told agrees with what stands in the log.
    for (const { base, count } of acknowledged.lines) {
      expect(first.slice(base, base! + count!).every((value) => value.startsWith('js-alice:'))).toBe(true)
    }
    for (const { offset, value } of delivered.lines) expect(first[offset!]).toBe(value)

    const read = async (
      reader: Client,
      running: Promise<Ran<{ offset?: number }>>,
      from: number,
      until: number,
      asked?: number,
    ) => {
      const ran = await running
      const seen = ran.lines.map(({ offset }) => offset)
      expect(seen, name(reader)).toEqual([...span(asked ?? from, until)])
      const reading: Reading = {
        ...use(reader, ran),
        offsets: span(from, until),
        ...(asked !== undefined && { asked }),
      }
      return reading
    }
    const ofBob = { who: 'bob', clientId: 'console-consumer', group: 'public-a' }
    const consume = { action: 'consume', topic } as const
    const whole = await read(ofBob, runConsoleConsumer(system, ofBob, topic, end), 0, end)

    const davesLater = { who: 'dave', clientId: 'js-dave' }
    await write(davesLater, runKafkaJs(system, 'dave', { ...js, ...davesLater, batches: [5, 2] }))
    const allEnd = end + 7
    // The same group goes on where it was, as somebody else; another group begins in the middle of a batch.
    const ofDave = { who: 'dave', clientId: 'py-reader', group: 'public-a' }
    const rest = await read(
      ofDave,
      runPython(system, 'dave', 'py-reader', { ...consume, group: 'public-a', until: allEnd }),
      end,
      allEnd,
    )
    await system.shipped()
    const batches = await expectWriters(topic, await values(), writers)
    const middle = batches.findLast(({ firstOffset, lastOffset }) => lastOffset < end && lastOffset - firstOffset > 2)!
    const ofAlice = { who: 'alice', clientId: 'py-middle', group: 'public-b' }
    const start = middle.firstOffset + 2
    const task = { ...consume, group: 'public-b', start, until: allEnd }
    const running = runPython(system, 'alice', 'py-middle', task)
    const middleOn = await read(ofAlice, running, middle.firstOffset, allEnd, start)

    await system.shipped()
    await expectReaders(topic, allEnd, [whole, rest, middleOn])

    for (const offset of [allEnd, allEnd + 1_000]) {
      for (const [question, verb] of [
        ['who-wrote', 'wrote'],
        ['who-read', 'read'],
      ] as const) {
        const nobody = await system.weir(
          'evidence',
          question,
          '--topic',
          topic,
          '--partition',
          '0',
          '--offset',
          String(offset),
        )
        expect(nobody.code).toBe(1)
        expect(nobody.stdout).toContain(`Nobody ${verb} offset ${offset} of ${topic}-0, as far as the record goes.`)
      }
    }
  }, 180_000)

  test('a compacted partition: who read before and after is told for exactly the offsets that were there', async () => {
    const topic = 'public.compacted'
    await system.createTopic(topic, 1)
    const writers: Use[] = []
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
    // Each batch loses the keys that a later one writes again, and keeps the others: holes inside every batch but the last.
    for (const [index, codec] of codecs.entries()) {
      const who = ['alice', 'bob', 'dave', 'erin', 'etl'][index]!
      const client = { who, clientId: `py-${codec}` }
      const keys = Array.from({ length: 8 }, (_, key) => (key % 2 === 0 ? `shared-${key}` : `${codec}-${key}`))
      const task = { action: 'publish', topic, batches: [8], keys, producer: { 'compression.type': codec } }
      writers.push(use(client, await runPython(system, who, client.clientId, task)))
    }
    const end = codecs.length * 8
    const ofAlice = { who: 'alice', clientId: 'py-before', group: 'public-before' }
    const task = { action: 'consume', topic, group: 'public-before', until: end }
    const before = await runPython(system, 'alice', 'py-before', task)
    const values = before.lines.map(({ value }) => value!)
    expect(before.lines.map(({ offset }) => offset)).toEqual([...span(0, end)])

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
    writers.push(use(roll, rolled))
    values.push('js-roll:0')
    const survivors = () => readOffsets(system, topic)
    // Four keys of each batch are its own, and the last batch keeps the four shared ones too.
    await eventually('the partition to be compacted', async () => (await survivors()).length === 5 * 4 + 4 + 1)
    const left = (await survivors()).map(({ offset }) => offset)

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
    await expectWriters(topic, values, writers)
    await expectReaders(topic, end + 1, [
      { ...use(ofAlice, before), offsets: span(0, end) },
      { ...use(python, after), offsets: new Set(left) },
      { ...use(javas, java), offsets: new Set(left) },
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

/** Reads so many records from the beginning; its client id is the tool's own. */
async function runConsoleConsumer(
  system: System,
  { who, group = '' }: Client,
  topic: string,
  count: number,
): Promise<Ran<{ offset: number }>> {
  const fromMs = Date.now()
  const ran = await system.tool('kafka-console-consumer', who, [
    ...['--topic', topic, '--group', group, '--from-beginning', '--max-messages', String(count)],
    ...['--formatter-property', 'print.offset=true', '--timeout-ms', '30000'],
  ])
  const lines = [...ran.stdout.matchAll(/Offset:(\d+)/g)].map(([, offset]) => ({ offset: Number(offset) }))
  return { ...ran, lines, fromMs, toMs: Date.now() }
}
