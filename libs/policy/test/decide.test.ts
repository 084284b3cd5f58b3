import type { Operation, Principal } from '@weir/contracts'
import { describe, expect, test } from 'vitest'
import { alice, anyone, ask, bob, person, policyOf, rule } from './samples.ts'

describe('effects', () => {
  const policy = policyOf(
    [
      rule('read', 'allow', '{ group: payments }', 'consume', 'kafka:topic:payments.*'),
      rule('no-cards', 'deny', anyone, 'consume', 'kafka:topic:payments.cards', 'description: Cards are for auditors.'),
      rule('changes', 'require_approval', '{ group: payments }', 'create, delete, alter', 'kafka:topic:payments.*'),
      rule('tmp', 'allow', '{ subject: alice }', 'create', 'kafka:topic:payments.tmp'),
    ].join('\n'),
  )

  test.each([
    ['consume kafka:topic:payments.orders', 'allow read'],
    ['consume kafka:topic:payments.cards', 'deny no-cards'],
    ['consume kafka:topic:payments.cards2', 'allow read'],
    ['consume kafka:topic:payments', 'deny policy.default'],
    ['consume kafka:topic:payments.*', 'allow read'],
    ['consume kafka:group:payments.orders', 'deny policy.default'],
    ['publish kafka:topic:payments.orders', 'deny policy.default'],
    ['delete kafka:topic:payments.orders', 'hold changes'],
    ['create kafka:topic:payments.tmp', 'hold changes'],
  ])('%s → %s', (asked, expected) => {
    expect(ask(policy, alice, asked)).toBe(expected)
    expect(ask(policy, bob, asked)).toMatch(/^deny /)
  })

  test('a refusal says who, what and why', () => {
    const reason = (who: Principal, action: Operation['action'], name: string): string | undefined =>
      policy.decide(who, { action, resource: `kafka:topic:${name}`, attributes: {} }).reason
    expect(reason(bob, 'consume', 'x')).toBe('"bob" may not consume "kafka:topic:x": no rule allows it')
    expect(reason(alice, 'consume', 'payments.cards')).toBe(
      '"alice" may not consume "kafka:topic:payments.cards": rule no-cards denies it (Cards are for auditors.)',
    )
    expect(reason(alice, 'delete', 'payments.x')).toBe(
      '"alice" may not delete "kafka:topic:payments.x": rule changes demands an approval',
    )
    expect(reason(alice, 'consume', 'payments.x')).toBeUndefined()
  })

  test('a name cannot forge a line', () => {
    const { reason } = policy.decide(person('eve\u2028\u202e"'), {
      action: 'consume',
      resource: 'kafka:topic:x\ny\u007f\u{e0041}',
      attributes: {},
    })
    expect(reason).toBe(
      String.raw`"eve\u2028\u202e\"" may not consume "kafka:topic:x\ny\u007f\udb40\udc41": no rule allows it`,
    )
  })
})

describe('implied rights', () => {
  const policy = policyOf(
    [
      rule('pub', 'allow', '{ subject: pub }', 'publish', 'kafka:topic:t'),
      rule('con', 'allow', '{ subject: con }', 'consume', 'kafka:topic:t'),
      rule('no-con', 'deny', '{ subject: con }', 'consume', 'kafka:topic:t'),
      rule('del', 'allow', '{ subject: del }', 'delete', 'kafka:topic:t'),
      rule('alt', 'allow', '{ subject: alt }', 'alter', 'kafka:topic:t'),
      rule('cre', 'allow', '{ subject: cre }', 'create', 'kafka:topic:t'),
      rule('tru', 'allow', '{ subject: tru }', 'truncate', 'kafka:topic:t'),
      rule('des', 'allow', '{ subject: des }', 'describe', 'kafka:topic:t'),
      rule('held', 'require_approval', '{ subject: held }', 'alter, publish', 'kafka:topic:t'),
      rule('held-des', 'require_approval', '{ subject: held-des }', 'describe', 'kafka:topic:t'),
      rule('no-des', 'deny', '{ subject: no-des }', 'describe', 'kafka:topic:t'),
      rule('no-des-pub', 'allow', '{ subject: no-des }', 'publish', 'kafka:topic:t'),
      rule('cfg', 'allow', '{ subject: cfg }', 'describe', 'kafka:topic:t', 'attributes: { scope: configs }'),
    ].join('\n'),
  )

  test.each([
    ['pub', 'allow pub', 'deny policy.default'],
    ['con', 'allow con', 'deny policy.default'],
    ['del', 'allow del', 'deny policy.default'],
    ['alt', 'allow alt', 'allow alt'],
    ['cre', 'deny policy.default', 'deny policy.default'],
    ['tru', 'deny policy.default', 'deny policy.default'],
    ['des', 'allow des', 'allow des'],
    ['held', 'allow held', 'deny policy.default'],
    ['held-des', 'hold held-des', 'hold held-des'],
    ['no-des', 'deny no-des', 'deny no-des'],
    ['cfg', 'deny policy.default', 'allow cfg'],
  ])('%s: plain describe → %s, of configs → %s', (subject, plain, configs) => {
    expect(ask(policy, person(subject), 'describe kafka:topic:t')).toBe(plain)
    expect(ask(policy, person(subject), 'describe kafka:topic:t', { scope: 'configs' })).toBe(configs)
    expect(ask(policy, person(subject), 'describe kafka:topic:u')).toBe('deny policy.default')
  })

  test('of an unknown scope nothing is implied', () => {
    expect(ask(policy, person('alt'), 'describe kafka:topic:t', { scope: 'other' })).toBe('deny policy.default')
    expect(ask(policy, person('des'), 'describe kafka:topic:t', { scope: 'other' })).toBe('allow des')
  })

  test('a deny of one action leaves the others', () => {
    expect(ask(policy, person('con'), 'consume kafka:topic:t')).toBe('deny no-con')
    expect(ask(policy, person('no-des'), 'publish kafka:topic:t')).toBe('allow no-des-pub')
  })
})

describe('the Kafka cluster', () => {
  const cluster = 'kafka:cluster:kafka-cluster'
  const policy = policyOf(
    [
      rule('ops', 'allow', '{ group: ops }', 'administer', cluster),
      rule('ops-hold', 'require_approval', '{ group: juniors }', 'administer', cluster),
      rule('creators', 'allow', '{ subject: cre }', 'create', cluster),
      rule('no-creator', 'deny', '{ subject: cre2 }', 'create', cluster),
      rule('creators2', 'allow', '{ subject: cre2 }', 'create', `${cluster}, "kafka:topic:own"`),
      rule('idempotent', 'allow', '{ subject: pub }', 'publish', cluster),
      rule('not-bob', 'deny', '{ subject: bob }', 'administer', cluster),
      rule('keep', 'deny', anyone, 'delete', 'kafka:topic:ledger'),
    ].join('\n'),
  )
  const ops = person('olga', { groups: ['ops'] })

  test.each(['describe', 'create', 'alter', 'delete', 'publish', 'administer'])('administer gives %s', (action) => {
    expect(ask(policy, ops, `${action} ${cluster}`)).toBe('allow ops')
    expect(ask(policy, person('bob', { groups: ['ops'] }), `${action} ${cluster}`)).toMatch(/^deny/)
    const junior = ask(policy, person('jan', { groups: ['juniors'] }), `${action} ${cluster}`)
    expect(junior).toBe(action === 'describe' ? 'allow ops-hold' : 'hold ops-hold')
  })

  test('administer on the cluster gives the configs of the cluster, held where administer is', () => {
    expect(ask(policy, ops, `describe ${cluster}`, { scope: 'configs' })).toBe('allow ops')
    const junior = person('jan', { groups: ['juniors'] })
    expect(ask(policy, junior, `describe ${cluster}`, { scope: 'configs' })).toBe('hold ops-hold')
  })

  test.each([
    ['cre', 'create kafka:topic:any', 'allow creators'],
    ['cre', 'delete kafka:topic:any', 'deny policy.default'],
    ['cre', 'create kafka:group:any', 'deny policy.default'],
    ['cre', 'describe kafka:topic:any', 'deny policy.default'],
    ['cre2', 'create kafka:topic:any', 'deny policy.default'],
    ['cre2', 'create kafka:topic:own', 'allow creators2'],
    ['cre2', `create ${cluster}`, 'deny no-creator'],
    ['pub', `publish ${cluster}`, 'allow idempotent'],
    ['pub', 'publish kafka:topic:any', 'deny policy.default'],
  ])('%s: %s → %s', (subject, asked, expected) => {
    expect(ask(policy, person(subject), asked)).toBe(expected)
  })

  test('a right on the cluster reaches every topic, but not past a deny of the topic', () => {
    expect(ask(policy, ops, 'delete kafka:topic:any')).toBe('allow ops')
    expect(ask(policy, ops, 'delete kafka:topic:ledger')).toBe('deny keep')
  })
})

describe('MQTT subscriptions', () => {
  const policy = policyOf(
    [
      rule('door', 'allow', anyone, 'consume', 'mqtt:topic:site/4/door'),
      rule('site', 'allow', anyone, 'consume', 'mqtt:topic:site/+/#'),
      rule('lab', 'deny', anyone, 'consume', 'mqtt:topic:site/1/lab/#'),
      rule('safe', 'require_approval', anyone, 'consume', 'mqtt:topic:site/2/safe'),
    ].join('\n'),
  )

  test.each([
    ['site/3/door', 'allow site'],
    ['site/1/lab', 'deny lab'],
    ['site/2/safe', 'hold safe'],
    ['site/3/#', 'allow site'],
    ['site/4/#', 'allow site'],
    ['site/4/door', 'allow door'],
    ['site/1/+', 'deny lab'],
    ['site/2/#', 'hold safe'],
    ['site/#', 'deny lab'],
    ['+/2/safe', 'deny policy.default'],
    ['#', 'deny lab'],
    ['$SYS/x', 'deny policy.default'],
  ])('%s → %s', (filter, expected) => {
    expect(ask(policy, bob, `consume mqtt:topic:${filter}`)).toBe(expected)
  })
})
