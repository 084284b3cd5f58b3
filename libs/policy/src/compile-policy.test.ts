import type { Operation, Principal } from '@weir/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePolicy } from './compile-policy.ts'
import type { CompiledPolicy, CompileOptions } from './compile-policy.ts'
import { DecisionCache } from './decision-cache.ts'
import { parsePolicy } from './parse-policy.ts'

function policyOf(rules: string, options?: CompileOptions): CompiledPolicy {
  const yaml = `version: 1\nmask_profiles: [pci, pii]\nrules:\n${rules.replaceAll(/^/gm, '  ')}\n`
  const { policy, revision, problems } = parsePolicy(yaml)
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  if (policy === undefined) throw new Error('no policy')
  return compilePolicy(policy, revision, options)
}

/** One rule in a line: id, effect, subjects, actions, resources, and what else. */
function rule(id: string, effect: string, subjects: string, actions: string, resources: string, more = ''): string {
  const approval = effect === 'require_approval' ? ', approval: { approvers: [{ group: leads }] }' : ''
  const extra = more === '' ? '' : `, ${more}`
  return `- { id: ${id}, effect: ${effect}, subjects: [${subjects}], actions: [${actions}], resources: [${resources}]${approval}${extra} }`
}

function person(subject: string, more: Partial<Principal> = {}): Principal {
  return {
    issuer: 'https://login.example',
    subject,
    displayName: undefined,
    groups: [],
    clientId: undefined,
    actors: [],
    method: 'jwt',
    credentialId: 'c1',
    expiresAtMs: 0,
    ...more,
  }
}

function ask(policy: CompiledPolicy, who: Principal, text: string, attributes = {}): string {
  const [action, resource] = text.split(/ (.*)/s)
  const { effect, ruleId } = policy.decide(who, { action, resource, attributes } as Operation)
  return `${effect} ${ruleId}`
}

const alice = person('alice', { groups: ['payments'] })
const bob = person('bob')
const anyone = '{ anyone: true }'

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

describe('MQTT subscriptions', () => {
  const policy = policyOf(
    [
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

  test('a decision cannot be changed by who gets it', () => {
    const decision = policy.decide(bob, { action: 'consume', resource: 'kafka:topic:x', attributes: {} })
    expect(() => Object.assign(decision, { effect: 'deny' })).toThrow(TypeError)
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
