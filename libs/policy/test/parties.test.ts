import type { Operation } from '@weir/contracts'
import { describe, expect, test } from 'vitest'
import { alice, anyone, ask, bob, person, policyOf, rule } from './samples.ts'

describe('subjects', () => {
  const policy = policyOf(
    [
      rule('sub', 'allow', '{ subject: alice, issuer: "https://login.example" }', 'consume', 'kafka:topic:sub'),
      rule('two', 'allow', '{ group: g, client_id: c }', 'consume', 'kafka:topic:two'),
      rule('or', 'allow', '{ group: g }, { client_id: c }', 'consume', 'kafka:topic:or'),
      rule('but', 'allow', anyone, 'consume', 'kafka:topic:but', 'except_subjects: [{ subject: alice }, { group: g }]'),
      rule('star', 'allow', '{ group: "*" }, { subject: "*" }', 'consume', 'kafka:topic:star'),
      rule('act', 'allow', '{ actor: agent, issuer: "https://agents.example" }', 'consume', 'kafka:topic:act'),
    ].join('\n'),
  )

  test.each([
    ['sub', person('alice'), 'allow'],
    ['sub', person('alice', { issuer: 'https://other.example' }), 'deny'],
    ['sub', person('Alice'), 'deny'],
    ['sub', person('аlice'), 'deny'],
    ['two', person('x', { groups: ['g'], clientId: 'c' }), 'allow'],
    ['two', person('x', { groups: ['g'] }), 'deny'],
    ['two', person('x', { clientId: 'c' }), 'deny'],
    ['or', person('x', { groups: ['g'] }), 'allow'],
    ['or', person('x', { clientId: 'c' }), 'allow'],
    ['but', person('x'), 'allow'],
    ['but', person('alice'), 'deny'],
    ['but', person('x', { groups: ['g'] }), 'deny'],
    ['star', person('x', { groups: ['g'] }), 'deny'],
    ['star', person('*'), 'allow'],
    ['act', person('agent'), 'deny'],
    ['act', person('x', { actors: [{ issuer: 'https://agents.example', subject: 'agent', groups: [] }] }), 'allow'],
    ['act', person('x', { actors: [{ issuer: 'https://login.example', subject: 'agent', groups: [] }] }), 'deny'],
  ])('%s', (topic, who, expected) => {
    expect(ask(policy, who, `consume kafka:topic:${topic}`)).toMatch(new RegExp(`^${expected} `))
  })
})

describe('delegation', () => {
  const policy = policyOf(
    [
      rule('people', 'allow', '{ group: payments }', 'consume, publish, delete', 'kafka:topic:*', 'record: digest'),
      rule('agents', 'allow', '{ subject: agent }', 'consume, delete', 'kafka:topic:*', 'durability: strict'),
      rule('ask', 'require_approval', '{ subject: agent }', 'delete', 'kafka:topic:*'),
      rule('never', 'deny', '{ actor: agent }', 'consume', 'kafka:topic:private'),
    ].join('\n'),
  )
  const actor = { issuer: 'https://login.example', subject: 'agent', groups: [] }
  const delegated = person('alice', { groups: ['payments'], actors: [actor] })

  test.each([
    ['consume kafka:topic:x', 'allow people'],
    ['publish kafka:topic:x', 'deny policy.default'],
    ['delete kafka:topic:x', 'hold ask'],
    ['consume kafka:topic:private', 'deny never'],
  ])('%s → %s: each of the chain needs the right', (asked, expected) => {
    expect(ask(policy, delegated, asked)).toBe(expected)
    expect(ask(policy, alice, asked)).toBe('allow people')
  })

  test('a stranger that acts takes all rights away', () => {
    const stranger = { ...actor, subject: 'stranger' }
    expect(
      ask(policy, person('alice', { groups: ['payments'], actors: [actor, stranger] }), 'consume kafka:topic:x'),
    ).toBe('deny policy.default')
  })

  test('obligations of all parties merge, and the reason names them all', () => {
    const asked: Operation = { action: 'consume', resource: 'kafka:topic:x', attributes: {} }
    const expected = { mask: [], record: 'digest', durability: 'strict' }
    expect(policy.decide(delegated, asked).obligations).toEqual(expected)
    expect(policy.decide(delegated, { ...asked, action: 'publish' }).reason).toBe(
      '"agent" acting for "alice" may not publish "kafka:topic:x": no rule allows it to "agent"',
    )
    expect(policy.decide(delegated, { ...asked, action: 'delete' }).reason).toBe(
      '"agent" acting for "alice" may not delete "kafka:topic:x": rule ask demands an approval of "agent"',
    )
  })
})

describe('obligations', () => {
  const rules = [
    rule('all', 'allow', anyone, 'consume, publish', 'kafka:topic:*', 'record: digest'),
    rule('pci', 'allow', anyone, 'consume, publish, describe', 'kafka:topic:p*', 'mask: pci'),
    rule('pii', 'allow', '{ group: payments }', 'consume', 'kafka:topic:p*', 'mask: [pii, pci], record: full'),
    rule('held', 'require_approval', anyone, 'consume', 'kafka:topic:ph', 'durability: strict'),
    rule('raw', 'allow', '{ subject: auditor }', 'unmask', 'kafka:topic:p*'),
    rule('raw-held', 'require_approval', '{ subject: helper }', 'unmask', 'kafka:topic:p*'),
  ].join('\n')
  const policy = policyOf(rules, { maskAvailable: true })

  test.each([
    [bob, 'consume', 'x', { mask: [], record: 'digest', durability: 'buffered' }],
    [bob, 'consume', 'p', { mask: ['pci'], record: 'digest', durability: 'buffered' }],
    [alice, 'consume', 'p', { mask: ['pci', 'pii'], record: 'full', durability: 'buffered' }],
    [alice, 'consume', 'ph', { mask: ['pci', 'pii'], record: 'full', durability: 'strict' }],
    [bob, 'describe', 'p', { mask: [], record: 'digest', durability: 'buffered' }],
    [person('auditor'), 'consume', 'p', { mask: [], record: 'digest', durability: 'buffered' }],
    [person('auditor'), 'publish', 'p', { mask: ['pci'], record: 'digest', durability: 'buffered' }],
    [person('helper'), 'consume', 'p', { mask: ['pci'], record: 'digest', durability: 'buffered' }],
  ] as const)('%o %s %s', (who, action, topic, expected) => {
    const decision = policy.decide(who, { action, resource: `kafka:topic:${topic}`, attributes: {} })
    expect(decision.obligations).toEqual(expected)
  })

  test('unmask counts only when the whole chain has it', () => {
    const actors = [{ issuer: 'i', subject: 'bob', groups: [] }]
    const { obligations } = policy.decide(person('auditor', { actors }), {
      action: 'consume',
      resource: 'kafka:topic:p',
      attributes: {},
    })
    expect(obligations.mask).toEqual(['pci'])
  })

  test('without masking a masked access is denied, held or not, and the rest is as before', () => {
    const unable = policyOf(rules)
    expect(ask(unable, bob, 'consume kafka:topic:p')).toBe('deny pci')
    expect(ask(unable, bob, 'consume kafka:topic:ph')).toBe('deny pci')
    expect(ask(unable, bob, 'describe kafka:topic:p')).toBe('allow all')
    expect(ask(unable, bob, 'consume kafka:topic:x')).toBe('allow all')
    expect(ask(unable, person('auditor'), 'consume kafka:topic:p')).toBe('allow all')
    const { reason } = unable.decide(bob, { action: 'consume', resource: 'kafka:topic:p', attributes: {} })
    expect(reason).toBe(
      '"bob" may not consume "kafka:topic:p": rule pci demands a mask, and masking is not available in this gateway',
    )
  })
})
