import type { KafkaAccess, Operation } from '@weir/contracts'
import { beforeEach, describe, expect, test } from 'vitest'
import { admission, compiled, guardWorld, hourMs, principal, unrecordable } from '../test/guard-world.ts'
import { Session } from './session.ts'

const read: Operation = { action: 'consume', resource: 'kafka:topic:payments.orders', attributes: {} }
const reads = `version: 1
rules:
  - id: readers
    subjects: [{ subject: bob }]
    actions: [consume]
    resources: ["kafka:topic:payments.*"]
    effect: allow
`

let world: ReturnType<typeof guardWorld>
beforeEach(() => {
  world = guardWorld()
  world.authenticator.credentials.set('bob-1', principal('bob'))
})

describe('admit', () => {
  test('opens a session for who the credential proves, with its start on record', async () => {
    const session = await world.admit('bob-1')
    expect(session.principal.subject).toBe('bob')
    expect(world.guard.sessionCount).toBe(1)
    expect(world.recorder.events).toEqual([
      {
        type: 'session.start',
        sessionId: session.id,
        protocol: 'kafka',
        principal: session.principal,
        peerAddress: '192.0.2.7',
        peerPort: 40_123,
        mechanism: 'PLAIN',
        clientId: 'billing-1',
        clientSoftware: 'librdkafka 2.11.0',
      },
    ])
  })

  test('does not verify a known credential again', async () => {
    world.authenticator.cached.set('bob-1', principal('bob'))
    await world.admit('bob-1')
    expect(world.authenticator.verified).toBe(0)
  })

  test('refuses what the authenticator refuses, on record, and without the credential', async () => {
    const refusal = await world.guard.admit('a-secret', admission)
    expect(refusal).toEqual({
      refused: true,
      code: 'WEIR_TOKEN_SIGNATURE',
      reason: 'The signature does not verify.',
    })
    expect(world.guard.sessionCount).toBe(0)
    expect(world.recorder.events).toEqual([
      {
        type: 'authentication.refused',
        protocol: 'kafka',
        peerAddress: '192.0.2.7',
        peerPort: 40_123,
        mechanism: 'PLAIN',
        code: 'WEIR_TOKEN_SIGNATURE',
        reason: 'The signature does not verify.',
      },
    ])
  })

  test('lets nobody in before the start of the session is written', async () => {
    let written!: () => void
    world.recorder.write = () => new Promise((resolve) => (written = resolve))
    let admitted = false
    const admitting = world.guard.admit('bob-1', admission).finally(() => (admitted = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(world.recorder.types).toEqual(['session.start'])
    expect([admitted, world.guard.sessionCount]).toEqual([false, 0])
    written()
    expect(await admitting).toBeInstanceOf(Session)
    expect(world.guard.sessionCount).toBe(1)
  })

  test.each(['bob-1', 'unknown'])(
    'refuses %s when the record cannot be kept, and tells nothing of the disk',
    async (credential) => {
      world.recorder.write = unrecordable
      const refusal = await world.guard.admit(credential, admission)
      expect(refusal).toMatchObject({ refused: true, code: 'WEIR_EVIDENCE_UNRECORDABLE' })
      expect(JSON.stringify(refusal)).not.toContain('/secret/place')
      expect(world.guard.sessionCount).toBe(0)
    },
  )

  test('a fault that the recorder does not announce stays a fault', async () => {
    world.recorder.write = () => Promise.reject(new TypeError('a bug'))
    await expect(world.guard.admit('bob-1', admission)).rejects.toThrow('a bug')
  })

  test('refuses a credential that was revoked while the start was being written', async () => {
    world.recorder.write = async (event) => {
      if (event.type !== 'session.start') return
      world.authenticator.revoked.add('token-of-bob')
      world.guard.policyChanged()
    }
    expect(await world.guard.admit('bob-1', admission)).toMatchObject({ refused: true, code: 'WEIR_UNAUTHENTICATED' })
    expect(world.recorder.types).toEqual(['session.start', 'session.end', 'authentication.refused'])
    expect(world.guard.sessionCount).toBe(0)
  })

  test('counts what came out', async () => {
    const session = await world.admit('bob-1')
    await world.guard.admit('unknown', admission)
    await world.guard.renew(session, 'bob-1')
    world.recorder.write = unrecordable
    await world.guard.admit('bob-1', admission)
    const { body } = await world.metrics.expose()
    for (const outcome of ['admitted', 'renewed', 'WEIR_TOKEN_SIGNATURE', 'WEIR_EVIDENCE_UNRECORDABLE']) {
      expect(body).toContain(`weir_guard_authentications_total{outcome="${outcome}"} 1`)
    }
    expect(body).toContain('weir_guard_sessions_count 1')
  })
})

describe('renew', () => {
  const agent = { issuer: 'https://issuer.example', subject: 'agent', groups: [] }

  test('the same principal takes over what the new credential says', async () => {
    const session = await world.admit('bob-1')
    const later = principal('bob', { groups: ['analysts'], expiresAtMs: Date.now() + 2 * hourMs })
    world.authenticator.credentials.set('bob-2', later)
    expect(await world.guard.renew(session, 'bob-2')).toBe(later)
    expect(session.principal).toBe(later)
    expect(session.remainingMs()).toBeGreaterThan(1.9 * hourMs)
    expect(world.recorder.types).toEqual(['session.start'])
  })

  test.each([
    ['another subject', principal('bob'), principal('alice')],
    ['another issuer', principal('bob'), principal('bob', { issuer: 'https://other.example' })],
    ['somebody who now acts for it', principal('bob'), principal('bob', { actors: [agent] })],
    ['nobody who acts for it any more', principal('bob', { actors: [agent] }), principal('bob')],
    [
      'another chain of the same parties',
      principal('bob', { actors: [agent, { ...agent, subject: 'robot' }] }),
      principal('bob', { actors: [{ ...agent, subject: 'robot' }, agent] }),
    ],
    [
      'a subject that reads like a chain',
      principal('bob', { actors: [agent] }),
      principal(`bob|22:https://issuer.exampleagent`),
    ],
  ])('refuses %s, on record, and the session stays as it was', async (_, before, after) => {
    world.authenticator.credentials.set('before', before).set('after', after)
    const session = await world.admit('before')
    const refusal = await world.guard.renew(session, 'after')
    expect(refusal).toMatchObject({ refused: true, code: 'WEIR_PRINCIPAL_CHANGED' })
    expect(world.recorder.events.at(-1)).toMatchObject({
      type: 'authentication.refused',
      code: 'WEIR_PRINCIPAL_CHANGED',
    })
    expect(session.principal).toBe(before)
  })

  test('the same chain is the same principal', async () => {
    const before = principal('bob', { actors: [agent] })
    const after = principal('bob', { actors: [agent], credentialId: 'next' })
    world.authenticator.credentials.set('before', before).set('after', after)
    expect(await world.guard.renew(await world.admit('before'), 'after')).toBe(after)
  })

  test('refuses a credential that does not verify', async () => {
    const session = await world.admit('bob-1')
    expect(await world.guard.renew(session, 'unknown')).toMatchObject({ code: 'WEIR_TOKEN_SIGNATURE' })
    expect(world.recorder.types).toEqual(['session.start', 'authentication.refused'])
  })

  test('an ended session is not renewed', async () => {
    const session = await world.admit('bob-1')
    world.guard.end(session, 'closed')
    expect(await world.guard.renew(session, 'bob-1')).toMatchObject({ code: 'WEIR_SESSION_EXPIRED' })
  })
})

describe('decide', () => {
  test('denies everything before the first policy', async () => {
    const session = await world.admit('bob-1')
    expect(world.guard.decide(session, read)).toMatchObject({ effect: 'deny', ruleId: 'policy.missing' })
    expect(world.guard.allowsAny(session, 'consume', 'kafka:topic:')).toBe(false)
    expect(world.guard.policyRevision).toBe('')
  })

  test('asks the policy in force, each time', async () => {
    const session = await world.admit('bob-1')
    world.inForce.policy = compiled(reads)
    expect(world.guard.decide(session, read)).toMatchObject({ effect: 'allow', ruleId: 'readers' })
    expect(world.guard.allowsAny(session, 'consume', 'kafka:topic:')).toBe(true)
    expect(world.guard.policyRevision).toBe(world.inForce.policy.revision)
    world.inForce.policy = compiled('version: 1\nrules: []\n')
    expect(world.guard.decide(session, read)).toMatchObject({ effect: 'deny', ruleId: 'policy.default' })
  })

  test('denies an ended session', async () => {
    const session = await world.admit('bob-1')
    world.inForce.policy = compiled(reads)
    world.guard.end(session, 'closed')
    expect(world.guard.decide(session, read)).toMatchObject({ effect: 'deny', ruleId: 'session.ended' })
    expect(world.guard.allowsAny(session, 'consume', 'kafka:topic:')).toBe(false)
  })

  test('refuses what a rule masks, since nothing here can mask', async () => {
    const session = await world.admit('bob-1')
    world.inForce.policy = compiled(`${reads}    mask: pci\nmask_profiles: [pci]\n`)
    expect(world.guard.decide(session, read)).toMatchObject({
      effect: 'deny',
      ruleId: 'readers',
      reason: expect.stringContaining('masking is not available') as string,
    })
  })
})

describe('the record', () => {
  const access = (changes: Partial<KafkaAccess>): KafkaAccess => ({
    type: 'kafka.consume',
    sessionId: '',
    topic: 'payments.orders',
    topicId: undefined,
    partition: 0,
    firstOffset: 0,
    lastOffset: 0,
    runs: undefined,
    records: 1,
    bytes: 100,
    clientId: undefined,
    group: undefined,
    requestedOffset: undefined,
    producerId: undefined,
    producerEpoch: undefined,
    baseSequence: undefined,
    ruleId: 'readers',
    policyRevision: 'r',
    level: 'meta',
    ...changes,
  })

  test('a refused operation is there with the rule that refused it', async () => {
    const session = await world.admit('bob-1')
    world.inForce.policy = compiled(reads.replace('effect: allow', 'effect: deny'))
    const decision = world.guard.decide(session, read)
    world.guard.recordRefusal(session, read, decision)
    expect(world.recorder.events.at(-1)).toEqual({
      type: 'decision.deny',
      sessionId: session.id,
      effect: 'deny',
      action: 'consume',
      resource: 'kafka:topic:payments.orders',
      ruleId: 'readers',
      policyRevision: world.inForce.policy.revision,
      reason: decision.reason,
    })
    world.guard.recordRefusal(session, read, { ...decision, effect: 'hold', reason: undefined })
    expect(world.recorder.events.at(-1)).toMatchObject({ effect: 'hold', reason: '' })
    const { body } = await world.metrics.expose()
    expect(body).toContain('weir_guard_refusals_total{effect="deny"} 1')
    expect(body).toContain('weir_guard_refusals_total{effect="hold"} 1')
  })

  test('the durability asked for reaches the recorder; buffered is the default', async () => {
    const session = await world.admit('bob-1')
    world.guard.record(session, access({}))
    world.guard.record(session, access({}), 'strict')
    expect(world.recorder.durabilities).toEqual(['buffered', 'buffered', 'strict'])
  })

  test('a session ends once, with its totals by topic, partition and direction', async () => {
    const session = await world.admit('bob-1')
    world.guard.record(session, access({ firstOffset: 10, lastOffset: 19, records: 10, bytes: 1_000 }))
    world.guard.record(session, access({ firstOffset: 5, lastOffset: 9, records: 4, bytes: 400 }))
    world.guard.record(session, access({ partition: 1, firstOffset: 7, lastOffset: 7 }))
    world.guard.record(session, access({ type: 'kafka.publish', firstOffset: 20, lastOffset: 20, bytes: 9 }))
    const ended = world.guard.end(session, 'closed by the client')
    await expect(ended?.written).resolves.toBeUndefined()
    const resource = 'kafka:topic:payments.orders'
    expect(world.recorder.events.at(-1)).toEqual({
      type: 'session.end',
      sessionId: session.id,
      reason: 'closed by the client',
      totals: [
        {
          resource,
          partition: 0,
          action: 'consume',
          events: 2,
          records: 14,
          bytes: 1_400,
          firstPosition: 5,
          lastPosition: 19,
        },
        {
          resource,
          partition: 1,
          action: 'consume',
          events: 1,
          records: 1,
          bytes: 100,
          firstPosition: 7,
          lastPosition: 7,
        },
        {
          resource,
          partition: 0,
          action: 'publish',
          events: 1,
          records: 1,
          bytes: 9,
          firstPosition: 20,
          lastPosition: 20,
        },
      ],
    })
    const count = world.recorder.events.length
    expect(world.guard.end(session, 'again')).toBeUndefined()
    expect(world.recorder.events).toHaveLength(count)
    expect(world.guard.sessionCount).toBe(0)
  })
})
