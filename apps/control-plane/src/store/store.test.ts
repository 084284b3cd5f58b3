import type { KeyVerifier } from '@weir/contracts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { appendTo, evidenceContract, newGatewayId, recordIn } from '../../test/evidence-contract.ts'
import { lookContract } from '../../test/look-contract.ts'
import { access, sessionStart } from '../../test/segments.ts'
import { quiet, storeKinds } from '../../test/stores.ts'
import type { StorePlace } from '../../test/stores.ts'
import { openStore } from './open-store.ts'
import type { Store, StoredKey } from './store.ts'

const alice = { issuer: 'https://issuer.example', subject: 'alice' }

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

  describe.skipIf(!present)('evidence', () => {
    evidenceContract(() => store)
    lookContract(() => store)
  })

  describe.skipIf(!present)('sessions', () => {
    test('are known from their start, from their end, and from any segment that mentions them', async () => {
      const id = newGatewayId()
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
      await recordIn(
        store,
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
      const id = newGatewayId()
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
        forkedEpochs: [],
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
    const id = newGatewayId()
    const segments = await recordIn(store, id, [
      sessionStart(`s-${id}`, 'alice'),
      access('kafka.publish', `s-${id}`, { topic: `${id}.t`, first: 0, last: 0 }),
    ])
    const revision = await store.bundleRevision()
    await store.close()
    store = await openStore(at.location, quiet)
    expect(store.kind).toBe(kind)
    expect((await appendTo(store, segments[0]!)).outcome).toBe('duplicate')
    expect(await store.bundleRevision()).toBe(revision)
    const { accesses } = await store.evidence.access({ action: 'publish', topic: `${id}.t`, partition: 0, offset: 0 })
    expect(accesses).toHaveLength(1)
  })
})
