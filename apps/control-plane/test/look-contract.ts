import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { spanCap } from '../src/ingest/runs.ts'
import type { Store } from '../src/store/store.ts'
import { newGatewayId, recordIn } from './evidence-contract.ts'
import { access, sessionStart } from './segments.ts'

const alice = { issuer: 'https://issuer.example', subject: 'alice' }

/** What every store answers from the evidence it took. Called within a `describe`; `current` gives the store when a test runs. */
export function lookContract(current: () => Store): void {
  test('names who wrote and who read an offset, exactly', async () => {
    const id = newGatewayId()
    const topic = `${id}.orders`
    const [a, b] = [`a-${id}`, `b-${id}`]
    await recordIn(
      current(),
      id,
      [sessionStart(a, 'alice'), sessionStart(b, 'bob', { clientId: 'etl' })],
      [
        access('kafka.publish', a, { topic, first: 0, last: 9 }, { clientId: 'console-producer' }),
        access('kafka.publish', b, { topic, first: 10, last: 10 }),
        access('kafka.publish', a, { topic, first: 11, last: 40_000 }),
        access('kafka.publish', b, { topic, partition: 1, first: 0, last: 9 }),
        access('kafka.consume', b, { topic, first: 0, last: 10 }, { requestedOffset: 5 }),
        access(
          'kafka.consume',
          a,
          { topic, first: 5, last: 20 },
          {
            runs: [
              [5, 8],
              [12, 12],
              [15, 20],
            ],
            records: 11,
          },
        ),
      ],
    )
    const ask = async (action: 'publish' | 'consume', offset: number, partition = 0) => {
      const { accesses } = await current().evidence.access({ action, topic, partition, offset })
      return accesses.map(({ person, firstOffset, lastOffset }) => [person.subject, firstOffset, lastOffset])
    }
    expect(await ask('publish', 0)).toEqual([['alice', 0, 9]])
    expect(await ask('publish', 10)).toEqual([['bob', 10, 10]])
    expect(await ask('publish', 11 + spanCap - 1)).toEqual([['alice', 11, 11 + spanCap - 1]])
    expect(await ask('publish', 11 + spanCap)).toEqual([['alice', 11 + spanCap, 11 + 2 * spanCap - 1]])
    expect(await ask('publish', 40_000)).toEqual([['alice', 11 + 2 * spanCap, 40_000]])
    expect(await ask('publish', 40_001)).toEqual([])
    expect(await ask('publish', 3, 1)).toEqual([['bob', 0, 9]])
    expect(await ask('publish', 3, 2)).toEqual([])
    expect(await ask('consume', 8)).toEqual([
      ['bob', 0, 10],
      ['alice', 5, 8],
    ])
    expect(await ask('consume', 9)).toEqual([['bob', 0, 10]])
    expect(await ask('consume', 12)).toEqual([['alice', 12, 12]])
    expect(await ask('consume', 13)).toEqual([])
    const { accesses } = await current().evidence.access({ action: 'publish', topic, partition: 0, offset: 4 })
    expect(accesses[0]).toMatchObject({
      action: 'publish',
      records: 10,
      person: { ...alice, displayName: 'alice@example.com', groups: ['payments'] },
      sessionId: a,
      clientId: 'console-producer',
      peer: '10.0.0.7:50123',
      gatewayId: id,
      seq: 3,
      ruleId: 'payments',
    })
    const read = async (offset: number) =>
      (await current().evidence.access({ action: 'consume', topic, partition: 0, offset })).accesses[0]
    expect(await read(2)).toMatchObject({ group: 'billing', requestedOffset: 5, clientId: 'etl' })
    expect(await read(5)).not.toHaveProperty('requestedOffset')
  })

  test('tells a topic from another that had its name', async () => {
    const id = newGatewayId()
    const topic = `${id}.t`
    const [old, young] = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAw']
    await recordIn(current(), id, [
      sessionStart('s', 'alice'),
      access('kafka.publish', 's', { topic, first: 0, last: 9 }, { topicId: old }),
      access('kafka.publish', 's', { topic, first: 0, last: 4 }, { topicId: young }),
    ])
    const query = { action: 'publish', topic, partition: 0, offset: 3 } as const
    const all = await current().evidence.access(query)
    expect(all.accesses.map((found) => found.topicId)).toEqual([old, young])
    const one = await current().evidence.access({ ...query, topicId: young })
    expect(one.accesses.map((found) => found.lastOffset)).toEqual([4])
  })

  test('counts an append that a producer repeated as the one that the broker made', async () => {
    const id = newGatewayId()
    const topic = `${id}.t`
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 }
    await recordIn(current(), id, [
      sessionStart('s1', 'alice'),
      sessionStart('s2', 'alice'),
      access('kafka.publish', 's1', { topic, first: 0, last: 9 }, producer),
      access('kafka.publish', 's2', { topic, first: 0, last: 9 }, producer),
      access('kafka.publish', 's2', { topic, first: 0, last: 9 }, { ...producer, baseSequence: 10 }),
    ])
    const { accesses } = await current().evidence.access({ action: 'publish', topic, partition: 0, offset: 9 })
    expect(accesses.map((found) => [found.sessionId, found.seq])).toEqual([
      ['s1', 3],
      ['s2', 5],
    ])
  })

  test('answers with the batch although its run has one row, and lists each access of it', async () => {
    const id = newGatewayId()
    const topic = `${id}.t`
    const session = `s-${id}`
    const producer = (baseSequence: number) => ({ producerId: 7, producerEpoch: 0, baseSequence })
    const batches = Array.from({ length: 30 }, (_, n) =>
      access('kafka.publish', session, { topic, first: n * 10, last: n * 10 + 9 }, producer(n * 10)),
    )
    const other = access('kafka.publish', session, { topic, partition: 1, first: 0, last: 0 })
    const repeated = access('kafka.publish', `t-${id}`, { topic, first: 100, last: 109 }, producer(100))
    const events = batches.flatMap((batch, n) => (n === 17 ? [batch, other] : [batch]))
    await recordIn(current(), id, [sessionStart(session, 'alice'), ...events], [repeated])
    for (const n of [0, 1, 10, 18, 29]) {
      const query = { action: 'publish', topic, partition: 0, offset: n * 10 + 4 } as const
      const { accesses } = await current().evidence.access(query)
      const seq = n + (n > 17 ? 3 : 2)
      expect(accesses).toMatchObject([{ firstOffset: n * 10, lastOffset: n * 10 + 9, records: 10, seq }])
    }
    const listed: [number, unknown][] = []
    let cursor: string | undefined
    do {
      const page = await current().evidence.list({ sessionId: session, limit: 7, cursor, type: 'kafka.publish' })
      listed.push(...page.items.map((item): [number, unknown] => [item.seq, item.event['lastOffset']]))
      cursor = page.next
    } while (cursor !== undefined)
    const expected = events.map((event, index): [number, number] => [index + 2, event.lastOffset])
    expect(listed.toSorted((a, b) => a[0] - b[0])).toEqual(expected)
  })

  test('attributes an access to the session of its own gateway only', async () => {
    const [id, other] = [newGatewayId(), newGatewayId()]
    await recordIn(current(), id, [sessionStart(`s-${id}`, 'alice')])
    await recordIn(current(), other, [
      sessionStart(`s-${id}`, 'mallory'),
      access('kafka.publish', `s-${id}`, { topic: `${id}.t`, first: 0, last: 0 }),
    ])
    const { accesses } = await current().evidence.access({
      action: 'publish',
      topic: `${id}.t`,
      partition: 0,
      offset: 0,
    })
    expect(accesses.map((found) => [found.person.subject, found.gatewayId])).toEqual([['mallory', other]])
  })

  test('lists all kinds of events, newest first and page by page', async () => {
    const id = newGatewayId()
    const session = `s-${id}`
    const topic = `${id}.t`
    const denied = {
      type: 'decision.deny',
      sessionId: session,
      effect: 'deny',
      action: 'delete',
      resource: `kafka:topic:${topic}`,
      ruleId: 'policy.default',
      policyRevision: '0',
      reason: 'no rule',
    } as const
    const reads = Array.from({ length: 5 }, (_, n) =>
      access(
        'kafka.consume',
        session,
        { topic, first: n, last: n + 9 },
        {
          runs: [
            [n, n + 1],
            [n + 5, n + 9],
          ],
        },
      ),
    )
    const ended = { type: 'session.end', sessionId: session, reason: 'client', totals: [] } as const
    await recordIn(current(), id, [sessionStart(session, `subject-${id}`), denied], reads, [ended])
    const all = { sessionId: session, limit: 3 }
    const seqs: number[] = []
    let cursor: string | undefined
    do {
      const page = await current().evidence.list({ ...all, cursor })
      seqs.push(...page.items.map((item) => item.seq))
      cursor = page.next
    } while (cursor !== undefined)
    expect(seqs).toEqual([8, 7, 6, 5, 4, 3, 2, 1])

    const types = async (filter: object) =>
      (await current().evidence.list({ limit: 50, ...filter })).items.map((i) => i.type)
    expect(await types({ type: 'kafka.consume', sessionId: session })).toHaveLength(5)
    expect(await types({ type: 'kafka.publish', sessionId: session })).toEqual([])
    expect(await types({ type: 'decision.deny', sessionId: session })).toEqual(['decision.deny'])
    expect(await types({ resource: `kafka:topic:${topic}` })).toHaveLength(6)
    expect(await types({ resource: `kafka:topic:${topic}x` })).toEqual([])
    expect(await types({ subject: `subject-${id}` })).toHaveLength(8)
    expect(await types({ sessionId: session, sinceMs: Date.now() + 60_000 })).toEqual([])
    expect(await types({ sessionId: session, untilMs: Date.now() + 60_000 })).toHaveLength(8)
    expect(await types({ sessionId: session, untilMs: Date.now() - 60_000 })).toEqual([])
    const [first] = (await current().evidence.list({ limit: 1, type: 'kafka.consume', sessionId: session })).items
    expect(first).toMatchObject({
      gatewayId: id,
      seq: 7,
      event: {
        firstOffset: 4,
        runs: [
          [4, 5],
          [9, 13],
        ],
      },
    })
  })

  test('keeps names that the database cannot hold as they are in the segment', async () => {
    const id = newGatewayId()
    const resource = `kafka:topic:a\0b${'é'.repeat(2_000)}` as const
    const strange = { type: 'authentication.refused', protocol: 'kafka', peerAddress: '::1', peerPort: 1 } as const
    await recordIn(current(), id, [
      sessionStart(`s-${id}`, 'alice', { clientId: 'nul\0id', peerAddress: '::1' }),
      { ...strange, mechanism: '\uD800', code: 'WEIR_TOKEN_MALFORMED', reason: '\0' },
      {
        type: 'operation',
        sessionId: `s-${id}`,
        action: 'create',
        resource,
        ruleId: 'r',
        policyRevision: '0',
        outcome: 'INVALID_TOPIC_EXCEPTION',
        attributes: { '\0': '\0' },
      },
    ])
    expect(await current().sessions.find(`s-${id}`)).toMatchObject({ clientId: 'nul\uFFFDid', peer: '[::1]:50123' })
    const { items } = await current().evidence.list({ limit: 5, sessionId: `s-${id}` })
    expect(items[0]).toMatchObject({ type: 'operation', event: { attributes: { '\uFFFD': '\uFFFD' } } })
  })

  test('puts looks on record and lists them among the rest', async () => {
    const subject = `auditor-${randomUUID()}`
    const principal = { issuer: 'i', subject, actors: [], credentialId: 'jti' }
    const query = { topic: 't', partition: 0 }
    await current().evidence.recordLook({
      atMs: 1_700_000_000_000,
      principal,
      peer: '127.0.0.1:1',
      route: 'access',
      query,
    })
    const { items } = await current().evidence.list({ limit: 10, subject })
    expect(items).toMatchObject([
      { type: 'evidence.look', gatewayId: 'control-plane', event: { subject, route: 'access', query } },
    ])
    expect((await current().evidence.list({ limit: 10, subject, type: 'evidence.look' })).items).toHaveLength(1)
    expect((await current().evidence.list({ limit: 10, subject, type: 'session.start' })).items).toEqual([])
  })
}
