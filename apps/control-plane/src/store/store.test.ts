import { randomUUID } from 'node:crypto'
import type { EvidenceEvent, KeyVerifier, SealedSegment } from '@weir/contracts'
import { decodeSegment, segmentHeaderHash } from '@weir/recording'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { access, newSigningKey, resign, sealSegments, sessionStart } from '../../test/segments.ts'
import { quiet, storeKinds } from '../../test/stores.ts'
import type { StorePlace } from '../../test/stores.ts'
import { projectSegment, spanCap } from '../ingest/projection.ts'
import { openStore } from './open-store.ts'
import type { Store, StoredKey } from './store.ts'

const key = newSigningKey()
const alice = { issuer: 'https://issuer.example', subject: 'alice' }
const gateway = () => `kafka-${randomUUID()}`

describe.each(storeKinds)('a store on $kind', ({ kind, present, place }) => {
  let at: StorePlace
  let store: Store

  beforeAll(async () => {
    if (!present) return
    at = await place()
    store = await openStore(at.location, quiet)
  })
  afterAll(async () => {
    await store?.close()
    await at?.remove()
  })

  const append = (segment: SealedSegment) =>
    store.evidence.append(
      { ...segment, headerSha256: segmentHeaderHash(segment.header) },
      projectSegment(decodeSegment(segment.body, segment.header)),
      1_800_000_000_000,
    )
  const record = async (gatewayId: string, ...batches: EvidenceEvent[][]) => {
    const segments = await sealSegments(gatewayId, key, batches)
    for (const segment of segments) expect((await append(segment)).outcome).toBe('stored')
    return segments
  }

  describe.skipIf(!present)('evidence', () => {
    test('takes the segments of an epoch once and in order', async () => {
      const id = gateway()
      const [first, second, third] = await sealSegments(id, key, [
        [sessionStart('ses_a', 'alice')],
        [access('kafka.publish', 'ses_a', { topic: `${id}.t`, first: 0, last: 4 })],
        [access('kafka.publish', 'ses_a', { topic: `${id}.t`, first: 5, last: 9 })],
      ])
      expect(await append(second!)).toEqual({ outcome: 'gap', nextSeq: 1, headSha256: '0'.repeat(64) })
      const afterFirst = { nextSeq: first!.header.lastSeq + 1, headSha256: segmentHeaderHash(first!.header) }
      expect(await append(first!)).toEqual({ outcome: 'stored', ...afterFirst })
      expect(await append(first!)).toEqual({ outcome: 'duplicate', ...afterFirst })
      expect(await append(third!)).toEqual({ outcome: 'gap', ...afterFirst })
      expect((await append(second!)).outcome).toBe('stored')
      expect((await append(third!)).outcome).toBe('stored')
      expect((await append(second!)).outcome).toBe('duplicate')
      const answer = await store.evidence.access({ action: 'publish', topic: `${id}.t`, partition: 0, offset: 3 })
      expect(answer.accesses).toHaveLength(1)
    })

    test('answers fork for other content in the same place, and stores nothing of it', async () => {
      const id = gateway()
      const publish = (first: number) => [access('kafka.publish', 's', { topic: `${id}.t`, first, last: first })]
      const [one, two] = await record(id, [sessionStart('s', 'alice')], publish(0))
      const [, other] = await sealSegments(id, key, [[sessionStart('s', 'alice')], publish(7)])
      const here = { epoch: one!.header.epoch, previousSha256: two!.header.previousSha256 }
      expect((await append(resign(other!, here, key))).outcome).toBe('fork')
      expect((await append(resign(other!, { ...here, previousSha256: 'a'.repeat(64) }, key))).outcome).toBe('fork')
      const stray = { firstSeq: 3, lastSeq: 3, ...here, previousSha256: 'b'.repeat(64) }
      const [next] = await sealSegments(id, key, [publish(9)])
      const continued = { ...resign(next!, stray, key), headerSha256: 'c'.repeat(64) }
      const index = projectSegment(decodeSegment(next!.body))
      expect((await store.evidence.append(continued, index, 0)).outcome).toBe('fork')
      for (const offset of [7, 9]) {
        const answer = await store.evidence.access({ action: 'publish', topic: `${id}.t`, partition: 0, offset })
        expect(answer.accesses).toEqual([])
      }
    })

    test('takes the same segment once when it comes many times at once', async () => {
      const id = gateway()
      const segments = await sealSegments(id, key, [
        [sessionStart('s', 'alice')],
        [access('kafka.publish', 's', { topic: `${id}.t`, first: 0, last: 0 })],
      ])
      for (const segment of segments) {
        const outcomes = await Promise.all(Array.from({ length: 6 }, () => append(segment).then((a) => a.outcome)))
        expect(outcomes.toSorted()).toEqual([...Array.from({ length: 5 }, () => 'duplicate'), 'stored'])
      }
      const { items } = await store.evidence.list({ limit: 10, resource: `kafka:topic:${id}.t` })
      expect(items).toHaveLength(1)
    })

    test('stores nothing of a segment when a part of it cannot be stored', async () => {
      const id = gateway()
      const [segment] = await sealSegments(id, key, [[sessionStart(`s-${id}`, 'alice')]])
      const index = projectSegment(decodeSegment(segment!.body))
      const broken = { ...index, events: index.events.map((row) => ({ ...row, seq: 2 ** 80 })) }
      const hashed = { ...segment!, headerSha256: segmentHeaderHash(segment!.header) }
      await expect(store.evidence.append(hashed, broken, 0)).rejects.toThrow()
      expect(await store.sessions.find(`s-${id}`)).toBeUndefined()
      expect((await append(segment!)).outcome).toBe('stored')
    })

    test('names who wrote and who read an offset, exactly', async () => {
      const id = gateway()
      const topic = `${id}.orders`
      const [a, b] = [`a-${id}`, `b-${id}`]
      await record(
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
        const { accesses } = await store.evidence.access({ action, topic, partition, offset })
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
      const { accesses } = await store.evidence.access({ action: 'publish', topic, partition: 0, offset: 4 })
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
        (await store.evidence.access({ action: 'consume', topic, partition: 0, offset })).accesses[0]
      expect(await read(2)).toMatchObject({ group: 'billing', requestedOffset: 5, clientId: 'etl' })
      expect(await read(5)).not.toHaveProperty('requestedOffset')
    })

    test('tells a topic from another that had its name', async () => {
      const id = gateway()
      const topic = `${id}.t`
      const [old, young] = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAw']
      await record(id, [
        sessionStart('s', 'alice'),
        access('kafka.publish', 's', { topic, first: 0, last: 9 }, { topicId: old }),
        access('kafka.publish', 's', { topic, first: 0, last: 4 }, { topicId: young }),
      ])
      const query = { action: 'publish', topic, partition: 0, offset: 3 } as const
      const all = await store.evidence.access(query)
      expect(all.accesses.map((found) => found.topicId)).toEqual([old, young])
      const one = await store.evidence.access({ ...query, topicId: young })
      expect(one.accesses.map((found) => found.lastOffset)).toEqual([4])
    })

    test('counts an append that a producer repeated as the one that the broker made', async () => {
      const id = gateway()
      const topic = `${id}.t`
      const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 }
      await record(id, [
        sessionStart('s1', 'alice'),
        sessionStart('s2', 'alice'),
        access('kafka.publish', 's1', { topic, first: 0, last: 9 }, producer),
        access('kafka.publish', 's2', { topic, first: 0, last: 9 }, producer),
        access('kafka.publish', 's2', { topic, first: 0, last: 9 }, { ...producer, baseSequence: 10 }),
      ])
      const { accesses } = await store.evidence.access({ action: 'publish', topic, partition: 0, offset: 9 })
      expect(accesses.map((found) => [found.sessionId, found.seq])).toEqual([
        ['s1', 3],
        ['s2', 5],
      ])
    })

    test('attributes an access to the session of its own gateway only', async () => {
      const [id, other] = [gateway(), gateway()]
      await record(id, [sessionStart(`s-${id}`, 'alice')])
      await record(other, [
        sessionStart(`s-${id}`, 'mallory'),
        access('kafka.publish', `s-${id}`, { topic: `${id}.t`, first: 0, last: 0 }),
      ])
      const { accesses } = await store.evidence.access({ action: 'publish', topic: `${id}.t`, partition: 0, offset: 0 })
      expect(accesses.map((found) => [found.person.subject, found.gatewayId])).toEqual([['mallory', other]])
    })

    test('lists all kinds of events, newest first and page by page', async () => {
      const id = gateway()
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
      await record(id, [sessionStart(session, `subject-${id}`), denied], reads, [ended])
      const all = { sessionId: session, limit: 3 }
      const seqs: number[] = []
      let cursor: string | undefined
      do {
        const page = await store.evidence.list({ ...all, cursor })
        seqs.push(...page.items.map((item) => item.seq))
        cursor = page.next
      } while (cursor !== undefined)
      expect(seqs).toEqual([8, 7, 6, 5, 4, 3, 2, 1])

      const types = async (filter: object) =>
        (await store.evidence.list({ limit: 50, ...filter })).items.map((i) => i.type)
      expect(await types({ type: 'kafka.consume', sessionId: session })).toHaveLength(5)
      expect(await types({ type: 'kafka.publish', sessionId: session })).toEqual([])
      expect(await types({ type: 'decision.deny', sessionId: session })).toEqual(['decision.deny'])
      expect(await types({ resource: `kafka:topic:${topic}` })).toHaveLength(6)
      expect(await types({ resource: `kafka:topic:${topic}x` })).toEqual([])
      expect(await types({ subject: `subject-${id}` })).toHaveLength(8)
      expect(await types({ sessionId: session, sinceMs: Date.now() + 60_000 })).toEqual([])
      expect(await types({ sessionId: session, untilMs: Date.now() + 60_000 })).toHaveLength(8)
      expect(await types({ sessionId: session, untilMs: Date.now() - 60_000 })).toEqual([])
      const [first] = (await store.evidence.list({ limit: 1, type: 'kafka.consume', sessionId: session })).items
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
      const id = gateway()
      const resource = `kafka:topic:a\0b${'é'.repeat(2_000)}` as const
      const strange = { type: 'authentication.refused', protocol: 'kafka', peerAddress: '::1', peerPort: 1 } as const
      await record(id, [
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
      expect(await store.sessions.find(`s-${id}`)).toMatchObject({ clientId: 'nul\uFFFDid', peer: '[::1]:50123' })
      const { items } = await store.evidence.list({ limit: 5, sessionId: `s-${id}` })
      expect(items[0]).toMatchObject({ type: 'operation', event: { attributes: { '\uFFFD': '\uFFFD' } } })
    })

    test('puts looks on record and lists them among the rest', async () => {
      const subject = `auditor-${randomUUID()}`
      const principal = { issuer: 'i', subject, actors: [], credentialId: 'jti' }
      const query = { topic: 't', partition: 0 }
      await store.evidence.recordLook({
        atMs: 1_700_000_000_000,
        principal,
        peer: '127.0.0.1:1',
        route: 'access',
        query,
      })
      const { items } = await store.evidence.list({ limit: 10, subject })
      expect(items).toMatchObject([
        { type: 'evidence.look', gatewayId: 'control-plane', event: { subject, route: 'access', query } },
      ])
      expect((await store.evidence.list({ limit: 10, subject, type: 'evidence.look' })).items).toHaveLength(1)
      expect((await store.evidence.list({ limit: 10, subject, type: 'session.start' })).items).toEqual([])
    })
  })

  describe.skipIf(!present)('sessions', () => {
    test('are known from their start, from their end, and from any segment that mentions them', async () => {
      const id = gateway()
      const [open, closed] = [`open-${id}`, `closed-${id}`]
      const totals = [
        {
          resource: 'kafka:topic:t',
          partition: 0,
          action: 'publish',
          events: 1,
          records: 2,
          bytes: 3,
          firstPosition: 4,
          lastPosition: 5,
        },
      ] as const
      const subject = `subject-${id}`
      await record(
        id,
        [sessionStart(open, subject), sessionStart(closed, subject)],
        [{ type: 'session.end', sessionId: closed, reason: 'expired', totals }],
      )
      const found = await store.sessions.find(closed)
      expect(found).toMatchObject({ id: closed, gatewayId: id, endReason: 'expired', totals, person: { subject } })
      expect(Date.parse(found!.endedAt!)).toBeGreaterThanOrEqual(Date.parse(found!.startedAt))
      const ids = async (filter: object) =>
        (await store.sessions.list({ limit: 9, subject, ...filter })).items.map((s) => s.id)
      expect((await ids({})).toSorted()).toEqual([closed, open])
      expect(await ids({ open: true })).toEqual([open])
      expect(await ids({ open: false })).toEqual([closed])
      expect(await ids({ protocol: 'mqtt' })).toEqual([])
      const first = await store.sessions.list({ limit: 1, subject })
      const second = await store.sessions.list({ limit: 1, subject, cursor: first.next })
      expect([...first.items, ...second.items].map((s) => s.id).toSorted()).toEqual([closed, open])
      expect(second.next).toBeUndefined()
      await expect(store.sessions.list({ limit: 1, cursor: 'bm9uc2Vuc2U' })).rejects.toMatchObject({
        code: 'WEIR_INVALID_REQUEST',
      })
    })
  })

  describe.skipIf(!present)('policies and keys', () => {
    const policy = (revision: string) => ({
      revision,
      yaml: `# ${revision}`,
      by: alice,
      atMs: 1,
      comment: undefined,
      expected: undefined,
    })
    const newKey = (id: string, expiresAtMs: number): [StoredKey, Pick<KeyVerifier, 'scramSha256' | 'scramSha512'>] => {
      const verifier = { salt: 'c2FsdA==', iterations: 4096, storedKey: 'a', serverKey: 'b' }
      const about = { id, ...alice, groups: ['payments'], expiresAtMs, description: 'for a test' }
      const made = { createdAtMs: 1, createdBy: alice, revokedAtMs: undefined }
      return [
        { ...about, ...made },
        { scramSha256: verifier, scramSha512: verifier },
      ]
    }

    test('a policy is put over the expected one only, and each change raises the bundle revision', async () => {
      const heard = vi.fn()
      const stop = await store.onBundleChange(heard)
      expect(await store.policies.apply({ ...policy('r1'), expected: 'other' })).toEqual({ conflict: '' })
      expect(await store.policies.apply({ ...policy('r1'), onlyFirst: true })).toMatchObject({
        applied: { revision: 'r1' },
      })
      const before = await store.bundleRevision()
      expect(await store.policies.apply(policy('r1'))).toMatchObject({ applied: { bundleRevision: before } })
      expect(await store.policies.apply({ ...policy('r2'), onlyFirst: true })).toEqual({ conflict: 'r1' })
      expect(await store.policies.apply({ ...policy('r2'), expected: 'r0' })).toEqual({ conflict: 'r1' })
      expect(await store.bundleRevision()).toBe(before)
      expect(await store.policies.apply({ ...policy('r2'), expected: 'r1' })).toMatchObject({
        applied: { revision: 'r2', bundleRevision: before + 1, appliedBy: alice },
      })
      expect(await store.bundle(0)).toMatchObject({ revision: before + 1, policy: { revision: 'r2', yaml: '# r2' } })
      const outcomes = await Promise.all(
        ['r3', 'r4', 'r5'].map((revision) => store.policies.apply({ ...policy(revision), expected: 'r2' })),
      )
      expect(outcomes.filter((outcome) => 'applied' in outcome)).toHaveLength(1)
      const page = await store.policies.list({ limit: 2 })
      expect(page.items[1]).toMatchObject({ revision: 'r2' })
      const rest = await store.policies.list({ limit: 2, cursor: page.next })
      expect(rest.items.map((item) => item.revision)).toEqual(['r1'])
      await vi.waitFor(() => expect(heard.mock.calls.length).toBeGreaterThanOrEqual(3))
      await stop()
    })

    test('the bundle has the keys that are neither revoked nor expired', async () => {
      const ids = async () => (await store.bundle(1_000)).keys.map((found) => found.id)
      await store.keys.create(...newKey('key_live', 2_000))
      await store.keys.create(...newKey('key_old', 1_000))
      expect(await ids()).toEqual(['key_live'])
      const before = await store.bundleRevision()
      expect(await store.keys.revoke('key_live', alice, 5)).toMatchObject({ id: 'key_live', revokedAtMs: 5 })
      expect(await store.keys.revoke('key_live', alice, 6)).toMatchObject({ revokedAtMs: 5 })
      expect(await store.keys.revoke('key_none', alice, 6)).toBeUndefined()
      expect(await store.bundleRevision()).toBe(before + 1)
      expect(await ids()).toEqual([])
      expect(await store.keys.list(alice)).toHaveLength(2)
      expect(await store.keys.list({ ...alice, issuer: 'https://other.example' })).toEqual([])
      expect(JSON.stringify(await store.keys.list(undefined))).not.toContain('storedKey')
    })
  })

  describe.skipIf(!present)('gateways', () => {
    test('are bound to the key and the identity that came first', async () => {
      const id = gateway()
      const heartbeat = {
        gatewayId: id,
        protocol: 'kafka',
        version: '0.1.0',
        epoch: 'e1',
        bundleRevision: 1,
        policyRevision: 'r1',
        sessions: 2,
        spoolBytes: 3,
        oldestUnshippedMs: 4,
      } as const
      const beat = { heartbeat, keyId: 'k1', publicKey: Buffer.from([1, 2]), identity: 'i1', subject: 'gw', atMs: 10 }
      const first = await Promise.all([store.gateways.beat(beat), store.gateways.beat(beat)])
      expect(first.toSorted()).toEqual(['enrolled', 'known'])
      expect(await store.gateways.beat({ ...beat, keyId: 'k2', atMs: 20 })).toBe('conflict')
      expect(await store.gateways.beat({ ...beat, identity: 'i2', atMs: 20 })).toBe('conflict')
      expect(await store.gateways.beat({ ...beat, heartbeat: { ...heartbeat, sessions: 9 }, atMs: 30 })).toBe('known')
      const [found] = (await store.gateways.list()).filter((entry) => entry.gatewayId === id)
      expect(found).toEqual({
        ...heartbeat,
        sessions: 9,
        keyId: 'k1',
        subject: 'gw',
        firstSeenAtMs: 10,
        lastSeenAtMs: 30,
      })
      expect(Buffer.from((await store.gateways.publicKey(id))!)).toEqual(Buffer.from([1, 2]))
      expect(await store.gateways.publicKey('none')).toBeUndefined()
    })
  })

  test.skipIf(!present)('keeps everything over a restart', async () => {
    const id = gateway()
    const segments = await record(id, [
      sessionStart(`s-${id}`, 'alice'),
      access('kafka.publish', `s-${id}`, { topic: `${id}.t`, first: 0, last: 0 }),
    ])
    const revision = await store.bundleRevision()
    await store.close()
    store = await openStore(at.location, quiet)
    expect(store.kind).toBe(kind)
    expect((await append(segments[0]!)).outcome).toBe('duplicate')
    expect(await store.bundleRevision()).toBe(revision)
    const { accesses } = await store.evidence.access({ action: 'publish', topic: `${id}.t`, partition: 0, offset: 0 })
    expect(accesses).toHaveLength(1)
  })
})
