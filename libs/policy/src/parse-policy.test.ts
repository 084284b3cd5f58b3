import { describe, expect, test } from 'vitest'
import { describePolicyProblems, parsePolicy } from './parse-policy.ts'

const approval = 'approval: { approvers: [{ group: leads }] }'

/** A policy of one rule, with some of its keys replaced, added or (by `undefined`) left out; one key per line from line 3. */
function oneRule(keys: Record<string, string | undefined>, head = ''): string {
  const rule = {
    id: 'r',
    subjects: '[{ anyone: true }]',
    actions: '[consume]',
    resources: '["kafka:topic:x"]',
    effect: 'allow',
    ...keys,
  }
  const lines = Object.entries(rule).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]))
  return `version: 1\nrules:\n  - ${lines.join('\n    ')}\n${head}`
}

function problems(yaml: string): string[] {
  return describePolicyProblems(parsePolicy(yaml).problems, 'p')
}

describe('errors', () => {
  test.each<[string, string | RegExp]>([
    ['rules: []', 'p:1:1: version: is required'],
    ['version: 2\nrules: []', 'p:1:10: version: must be 1'],
    ['version: 1', 'p:1:1: rules: is required'],
    ['version: 1\nrules: []\nruels: []', 'p:3:1: unknown key "ruels" (did you mean "rules"?)'],
    [oneRule({ id: undefined }), 'p:3:5: rules[0].id: is required'],
    [
      oneRule({ id: '"a b"' }),
      'p:3:9: rules[0].id: must be letters, digits, ".", "_" and "-" (at most 100), starting with a letter or digit',
    ],
    [oneRule({ id: 'policy.x' }), 'p:3:9: rules[0].id: must not start with policy. or session., which are ours'],
    [oneRule({ subjects: '[]' }), 'p:4:15: rules[0].subjects: must not be empty'],
    [
      oneRule({ subjects: '[{ subject: x, groups: y }]' }),
      'p:4:30: rules[0].subjects[0]: unknown key "groups" (did you mean "group"?)',
    ],
    [
      oneRule({ subjects: '[{}]' }),
      'p:4:16: rules[0].subjects[0]: must say who: anyone, group, subject, client_id or actor',
    ],
    [
      oneRule({ subjects: '[{ issuer: x }]' }),
      'p:4:16: rules[0].subjects[0]: must say who: anyone, group, subject, client_id or actor',
    ],
    [oneRule({ subjects: '[{ anyone: false }]' }), 'p:4:26: rules[0].subjects[0].anyone: must be true'],
    [
      oneRule({ subjects: '[{ subject: 7 }]' }),
      'p:4:27: rules[0].subjects[0].subject: must be a text, not a number; put it in quotes',
    ],
    [oneRule({ subjects: '[{ group: "" }]' }), 'p:4:25: rules[0].subjects[0].group: must not be empty'],
    [oneRule({ except_subjects: '[]' }), 'p:8:22: rules[0].except_subjects: must not be empty'],
    [oneRule({ actions: '[]' }), 'p:5:14: rules[0].actions: must not be empty'],
    [
      oneRule({ actions: '[consmue]' }),
      /^p:5:15: rules\[0\]\.actions\[0\]: must be one of .* \(did you mean "consume"\?\)$/,
    ],
    [oneRule({ resources: '[]' }), 'p:6:16: rules[0].resources: must not be empty'],
    [
      oneRule({ resources: '["payments"]' }),
      'p:6:17: rules[0].resources[0]: must be protocol:kind:name, e.g. kafka:topic:payments.*',
    ],
    [
      oneRule({ resources: '["kafka:topics:x"]' }),
      'p:6:17: rules[0].resources[0]: there is no kind "kafka:topics" (did you mean "kafka:topic"?); the kinds are kafka:topic, kafka:group, kafka:transactional-id, kafka:cluster, kinesis:stream, mqtt:topic',
    ],
    [
      oneRule({ resources: '["kafka:topic:"]' }),
      'p:6:17: rules[0].resources[0]: the name must not be empty; * alone stands for every name',
    ],
    [
      oneRule({ resources: '["kafka:topic:a*b"]' }),
      'p:6:17: rules[0].resources[0]: a * stands for the rest of a name and only at its end; write \\* for a plain *',
    ],
    [
      oneRule({ resources: '["kafka:topic:a**"]' }),
      'p:6:17: rules[0].resources[0]: a * stands for the rest of a name and only at its end; write \\* for a plain *',
    ],
    [
      oneRule({ resources: "['kafka:group:a\\b']" }),
      'p:6:17: rules[0].resources[0]: write \\\\ for a backslash and \\* for a plain *',
    ],
    [
      oneRule({ resources: '["kafka:cluster:main"]' }),
      'p:6:17: rules[0].resources[0]: the cluster is always kafka:cluster:kafka-cluster',
    ],
    [oneRule({ resources: '["mqtt:topic:a/#/b"]' }), 'p:6:17: rules[0].resources[0]: # must be the last level'],
    [oneRule({ attributes: '{}' }), 'p:8:17: rules[0].attributes: must not be empty'],
    [
      oneRule({ attributes: '{ a: [] }' }),
      'p:8:22: rules[0].attributes.a: must be a text or true or false or a number, not a list',
    ],
    [oneRule({ effect: 'permit' }), 'p:7:13: rules[0].effect: must be one of allow, deny, require_approval'],
    [
      oneRule({ effect: 'require_approval' }),
      'p:7:13: rules[0].effect: require_approval needs the key "approval" beside it',
    ],
    [
      oneRule({ approval: '{ approvers: [{ group: a }] }' }),
      'p:8:15: rules[0].approval: belongs to effect: require_approval only',
    ],
    [
      oneRule({ effect: 'deny', mask: 'pci' }, 'mask_profiles: [pci]'),
      'p:8:11: rules[0].mask: has no effect on a rule that denies',
    ],
    [oneRule({ effect: 'deny', record: 'full' }), 'p:8:13: rules[0].record: has no effect on a rule that denies'],
    [
      oneRule({ effect: 'deny', durability: 'strict' }),
      'p:8:17: rules[0].durability: has no effect on a rule that denies',
    ],
    [
      oneRule({ effect: 'require_approval', approval: '{ approvers: [], hold: 30s }' }),
      /^p:8:28: rules\[0\]\.approval\.approvers: must not be empty\np:8:38: rules\[0\]\.approval\.hold: must be at most 29s$/,
    ],
    [oneRule({ effect: 'require_approval', approval: '{}' }), 'p:8:15: rules[0].approval.approvers: is required'],
    [
      oneRule({ effect: 'require_approval', approval: '{ approvers: [{ group: a, min: 0 }] }' }),
      'p:8:46: rules[0].approval.approvers[0].min: must be at least 1',
    ],
    [
      oneRule({ effect: 'require_approval', approval: '{ approvers: [{ group: a }], grant: twice }' }),
      'p:8:51: rules[0].approval.grant: must be one of once, window',
    ],
    [oneRule({ mask: 'pci' }), 'p:8:11: rules[0].mask: "pci" is not in mask_profiles'],
    [
      oneRule({ mask: '[pci, pif]' }, 'mask_profiles: [pci, pii]'),
      'p:8:17: rules[0].mask: "pif" is not in mask_profiles (did you mean "pii"?)',
    ],
    [oneRule({ mask: '[]' }), 'p:8:11: rules[0].mask: must not be empty'],
    [oneRule({ record: 'everything' }), 'p:8:13: rules[0].record: must be one of meta, digest, keys, full'],
    [oneRule({}, 'defaults: { durability: sync }'), 'p:8:25: defaults.durability: must be one of buffered, strict'],
    [
      `${oneRule({})}  - { id: r, subjects: [{ group: g }], actions: [consume], resources: ["kafka:topic:y"], effect: allow }`,
      'p:8:11: rules[1].id: the rule in line 3 has this id too',
    ],
    ['version: 1\nrules: [', /^p:2:9: not valid YAML: /],
  ])('%j', (yaml, expected) => {
    const parsed = parsePolicy(yaml)
    expect(parsed.policy).toBeUndefined()
    const text = describePolicyProblems(parsed.problems, 'p').join('\n')
    if (typeof expected === 'string') expect(text).toBe(expected)
    else expect(text).toMatch(expected)
  })
})

describe('warnings leave the policy in force', () => {
  const second = (keys: string): string =>
    `${oneRule({})}  - { id: s, effect: allow, subjects: [{ group: g }], actions: [consume], resources: ["kafka:topic:x"]${keys} }`

  test.each<[string, string | RegExp]>([
    ['version: 1\nrules: []', 'p:2:8: warning: rules: there are none, so everything is denied'],
    [
      oneRule({ actions: '[consume, administer]' }),
      'p:5:24: warning: rule r: administer is no action of any of these resources',
    ],
    [
      oneRule({
        actions: '[consume, publish]',
        resources: '["kafka:topic:x", "kafka:cluster:kafka-cluster", "kafka:group:*"]',
      }),
      '',
    ],
    [
      oneRule({ actions: '[create]', resources: '["kafka:topic:x", "kafka:group:*"]' }),
      'p:6:34: warning: rule r: none of these actions is one of a kafka:group: consume, describe, alter, delete',
    ],
    [oneRule({ resources: '["kafka:topic:a/*"]' }), 'p:6:17: warning: rule r: no Kafka topic has "/" in its name'],
    [
      oneRule({ resources: '["mqtt:topic:a/*"]' }),
      'p:6:17: warning: rule r: in mqtt:topic:a/* the * is an ordinary character; the wildcards of MQTT are + and #',
    ],
    [
      oneRule({ actions: '[describe]', mask: 'pci' }, 'mask_profiles: [pci]'),
      'p:8:11: warning: rule r: a mask has an effect on publish and consume only',
    ],
    [
      oneRule({ subjects: '[{ group: a, client_id: c }, { group: b }]', except_subjects: '[{ group: a }]' }),
      'p:4:16: warning: rule r: the rule leaves this out again by except_subjects',
    ],
    [
      second('').replace('effect: allow\n', 'effect: deny\n'),
      'p:8:11: warning: rule s: rules[0] (r, line 3) denies all that this rule is about',
    ],
    [
      second('').replace('effect: allow\n', `effect: require_approval\n    ${approval}\n`),
      'p:9:11: warning: rule s: rules[0] (r, line 3) demands an approval for all that this rule is about',
    ],
    [second('').replace('effect: allow\n', 'effect: deny\n    except_subjects: [{ subject: x }]\n'), ''],
    [second('').replace('effect: allow\n', 'effect: deny\n    attributes: { memberless: true }\n'), ''],
    [second('').replace('effect: allow\n', 'effect: deny\n').replace('[consume], ', '[consume, publish], '), ''],
    [
      second('').replace('"kafka:topic:x"]\n', '"kafka:topic:x*"]\n').replace('effect: allow\n', 'effect: deny\n'),
      /rule s: rules\[0\]/,
    ],
    [second('').replace('anyone: true', 'group: g, issuer: i').replace('effect: allow\n', 'effect: deny\n'), ''],
  ])('%j', (yaml, expected) => {
    const parsed = parsePolicy(yaml)
    expect(parsed.policy).toBeDefined()
    const text = problems(yaml).join('\n')
    if (expected instanceof RegExp) expect(text).toMatch(expected)
    else expect(text).toBe(expected)
  })
})

test('everything that a policy can say', () => {
  const yaml = `
version: 1
defaults: { record: digest, durability: strict }
mask_profiles: [pci, pii]
rules:
  - id: changes
    description: Topics are changed by two people.
    subjects: [{ group: developers, issuer: "https://login.example" }]
    except_subjects: [{ client_id: ci }, { actor: agent }]
    actions: [create, delete]
    resources: ["kafka:topic:*", 'kafka:topic:a\\*b\\\\*', "kafka:cluster:*", "mqtt:topic:a/+/#"]
    attributes: { memberless: true, partitions: 3, mode: fast }
    effect: require_approval
    approval: { approvers: [{ group: leads, min: 2 }], hold: 5s, decide_within: 2h, use_within: 1d, grant: window }
    mask: [pii, pci, pii]
    record: full
    durability: buffered
`
  const { policy, revision, problems: found } = parsePolicy(yaml)
  expect(found.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(revision).toMatch(/^[0-9a-f]{16}$/)
  expect(policy).toEqual({
    defaults: { record: 'digest', durability: 'strict' },
    maskProfiles: ['pci', 'pii'],
    rules: [
      {
        id: 'changes',
        description: 'Topics are changed by two people.',
        index: 0,
        line: 6,
        subjects: [{ group: 'developers', issuer: 'https://login.example' }],
        exceptSubjects: [{ client_id: 'ci' }, { actor: 'agent' }],
        actions: new Set(['create', 'delete']),
        resources: [
          { text: 'kafka:topic:*', kind: 'kafka:topic', names: { type: 'all' } },
          { text: 'kafka:topic:a\\*b\\\\*', kind: 'kafka:topic', names: { type: 'prefix', prefix: 'a*b\\' } },
          { text: 'kafka:cluster:*', kind: 'kafka:cluster', names: { type: 'all' } },
          { text: 'mqtt:topic:a/+/#', kind: 'mqtt:topic', names: { type: 'filter', levels: ['a', '+', '#'] } },
        ],
        attributes: [
          ['memberless', 'true'],
          ['partitions', '3'],
          ['mode', 'fast'],
        ],
        effect: 'require_approval',
        approval: {
          approvers: [{ group: 'leads', min: 2 }],
          holdMs: 5_000,
          decideWithinMs: 7_200_000,
          useWithinMs: 86_400_000,
          grant: 'window',
        },
        mask: ['pci', 'pii'],
        record: 'full',
        durability: 'buffered',
      },
    ],
  })
})

test('what an approval does not say', () => {
  const { policy } = parsePolicy(oneRule({ effect: 'require_approval', approval: '{ approvers: [{ group: leads }] }' }))
  expect(policy?.rules[0]?.approval).toEqual({
    approvers: [{ group: 'leads', min: 1 }],
    holdMs: 20_000,
    decideWithinMs: 14_400_000,
    useWithinMs: 3_600_000,
    grant: 'once',
  })
})

test('the revision is of the text, whatever it says', () => {
  expect(parsePolicy('').revision).toBe('e3b0c44298fc1c14')
  expect(parsePolicy('# x').revision).not.toBe(parsePolicy('# y').revision)
})
