/** What the guard decides, and what it puts on record. */
import type { KafkaAccess, Operation } from '@weir/contracts'
import { beforeEach, describe, expect, test } from 'vitest'
import { compiled, guardWorld, principal } from '../test/guard-world.ts'

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
