import type { Operation, Principal } from '@weir/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecisionCache } from '../src/decision-cache.ts'
import { alice, anyone, ask, bob, person, policyOf, rule } from './samples.ts'

describe('decide is total', () => {
  const policy = policyOf(rule('all', 'allow', anyone, 'consume', 'kafka:topic:*'))

  test.each(['', ':', 'kafka', 'kafka:topic', 'kafka:topicX', 'mqtt:x:y', 'kafka::', '__proto__:a:b', 'kafka:Topic:x'])(
    'a resource that is none is denied: %j',
    (text) => {
      expect(ask(policy, bob, `consume ${text}`)).toBe('deny policy.default')
    },
  )

  test('a fault while deciding is a deny of its own kind', () => {
    const broken = { ...bob, groups: undefined } as unknown as Principal
    const decision = policy.decide(broken, { action: 'consume', resource: 'kafka:topic:x', attributes: {} })
    expect(decision).toMatchObject({ effect: 'deny', ruleId: 'policy.error' })
    expect(decision.reason).toMatch(/^The policy could not be evaluated \(TypeError/)
    expect(policy.explain(broken, { action: 'consume', resource: 'kafka:topic:x', attributes: {} })).toMatchObject({
      effect: 'deny',
      ruleId: 'policy.error',
      considered: [],
    })
    expect(policy.allowsAny(broken, 'consume', 'kafka:topic:')).toBe(false)
  })

  test('whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (who, asked) => {
        expect(policy.decide(who as Principal, asked as Operation).effect).toBe('deny')
      }),
    )
  })
})

test('the cache of a principal is bounded and keeps attributes apart', () => {
  const cache = new DecisionCache(new Set(['a', 'b']))
  const operation = (resource: string, attributes = {}): Operation => ({
    action: 'consume',
    resource: resource as 'kafka:topic:x',
    attributes,
  })
  const policy = policyOf(rule('all', 'allow', anyone, 'consume', 'kafka:topic:*'))
  const decision = policy.decide(bob, operation('kafka:topic:x'))
  cache.set(operation('r', { a: '1' }), decision)
  expect(cache.get(operation('r', { a: '1', c: '2' }))).toBe(decision)
  for (const other of [{}, { a: '2' }, { b: '1' }, { a: '1', b: '' }])
    expect(cache.get(operation('r', other))).toBe(undefined)
  for (let index = 0; index < DecisionCache.maxDecisions; index++) cache.set(operation(`r${index}`), decision)
  expect(cache.get(operation('r', { a: '1' }))).toBe(undefined)
  expect(cache.get(operation(`r${DecisionCache.maxDecisions - 1}`))).toBe(decision)
})

test('explain says for each rule why it has a say or has none', () => {
  const policy = policyOf(
    [
      rule('read', 'allow', '{ group: payments }', 'consume', 'kafka:topic:payments.*'),
      rule('others', 'allow', '{ subject: carol }', 'describe', 'kafka:topic:*'),
      rule('left-out', 'deny', anyone, 'describe', 'kafka:topic:*', 'except_subjects: [{ group: payments }]'),
      rule('action', 'allow', anyone, 'create', 'kafka:topic:*'),
      rule('name', 'allow', anyone, 'describe', 'kafka:topic:x'),
      rule('attribute', 'allow', anyone, 'describe', 'kafka:topic:*', 'attributes: { scope: configs }'),
    ].join('\n'),
  )
  const asked: Operation = { action: 'describe', resource: 'kafka:topic:payments.a', attributes: {} }
  expect(policy.explain(alice, asked)).toMatchObject({
    effect: 'allow',
    ruleId: 'read',
    considered: [
      {
        ruleId: 'read',
        line: 4,
        matched: true,
        why: 'group "payments"; consume, which implies describe; kafka:topic:payments.*',
      },
      { ruleId: 'others', line: 5, matched: false, why: '"alice" is none of its subjects' },
      { ruleId: 'left-out', line: 6, matched: false, why: 'its except_subjects leave out group "payments"' },
      { ruleId: 'action', matched: false, why: 'it says nothing of describe' },
      { ruleId: 'name', matched: false, why: 'none of its resources matches "kafka:topic:payments.a"' },
      { ruleId: 'attribute', matched: false, why: 'the attribute scope is not "configs"' },
    ],
  })
  const actors = [{ issuer: 'i', subject: 'agent', groups: [] }]
  expect(policy.explain(person('alice', { groups: ['payments'], actors }), asked).considered[0]?.why).toBe(
    '"alice": group "payments"; consume, which implies describe; kafka:topic:payments.*; "agent": "agent" is none of its subjects',
  )
})

test('explain speaks of rights that come from the cluster', () => {
  const cluster = 'kafka:cluster:kafka-cluster'
  const policy = policyOf(
    [
      rule('ops', 'allow', anyone, 'administer', cluster),
      rule('cre', 'allow', anyone, 'create', cluster),
      rule('not', 'deny', '{ subject: bob }', 'administer', cluster),
    ].join('\n'),
  )
  const why = (who: Principal): string[] =>
    policy
      .explain(who, { action: 'create', resource: 'kafka:topic:x', attributes: {} })
      .considered.map((each) => each.why)
  expect(why(alice)).toEqual([
    'anyone; administer on the cluster counts for this too',
    'anyone; create on the cluster counts for this too',
    '"alice" is none of its subjects',
  ])
  const denied = 'what administer on the cluster would give is denied there, or is itself a deny'
  expect(why(bob)).toEqual([denied, 'anyone; create on the cluster counts for this too', denied])
})
