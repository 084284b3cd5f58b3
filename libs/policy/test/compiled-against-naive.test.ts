import { actions } from '@weir/contracts'
import type { Operation, Principal, Resource } from '@weir/contracts'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { actionsByKind, compilePolicy, parsePolicy } from '../src/index.ts'
import type { CompiledPolicy } from '../src/index.ts'
import { decideNaively, says } from './naive-policy.ts'
import type { Entry, NaiveRule } from './naive-policy.ts'

// Thousands of generated cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 })

/** Names that look like patterns, like each other, or like the end of something. */
const names = ['', '*', 'a', 'ab', 'ab*', 'a\\b', 'a"b', 'a\nb', 'a\0', 'а', 'é', 'e\u0301', 'x:y', '{}', '__proto__']
const kinds = Object.keys(actionsByKind).filter((kind) => kind !== 'mqtt:topic')

const anyName = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...names) }, fc.string({ unit: 'binary' }))
const word = (...words: string[]): fc.Arbitrary<string> => fc.constantFrom(...words)
const someActions = fc.uniqueArray(fc.constantFrom(...actions), { minLength: 1, maxLength: 3 })
const attributes = fc.dictionary(word('memberless', 'scope', 'm'), word('true', 'configs', ''), { maxKeys: 2 })

const keys = {
  group: word('g1', 'g2', '*'),
  subject: word('alice', 'bob', 'аlice', '*'),
  client_id: word('c1', 'c2'),
  actor: word('agent', 'alice'),
  issuer: word('i1', 'i2'),
}
const entry: fc.Arbitrary<Entry> = fc
  .tuple(
    fc.constantFrom('anyone', 'group', 'subject', 'client_id', 'actor'),
    fc.record(keys),
    fc.subarray(Object.keys(keys)),
  )
  .map(([one, values, more]) => {
    const named = [one, ...more.slice(0, more.length > 3 ? 2 : 0)].filter(
      (key) => key !== 'anyone',
    ) as (keyof typeof keys)[]
    const chosen = Object.fromEntries(named.map((key) => [key, values[key]]))
    return one === 'anyone' ? { anyone: true, ...chosen } : chosen
  })

const resource = fc.record({ kind: word(...kinds), name: anyName, star: fc.boolean() }).map((each) => {
  if (each.kind !== 'kafka:cluster') return each.name === '' ? { ...each, star: true } : each
  return { ...each, name: each.star ? 'kafka' : 'kafka-cluster' }
})

const rule = fc
  .record(
    {
      subjects: fc.array(entry, { minLength: 1, maxLength: 2 }),
      except_subjects: fc.array(entry, { minLength: 1, maxLength: 1 }),
      actions: someActions,
      resources: fc.array(resource, { minLength: 1, maxLength: 3 }),
      attributes: attributes.filter((map) => Object.keys(map).length > 0),
      effect: fc.constantFrom('allow', 'allow', 'allow', 'deny', 'require_approval'),
      mask: fc.uniqueArray(word('m1', 'm2'), { minLength: 1 }),
      record: fc.constantFrom('meta', 'digest', 'keys', 'full'),
      durability: fc.constantFrom('buffered', 'strict'),
    },
    { requiredKeys: ['subjects', 'actions', 'resources', 'effect'] },
  )
  .chain((given) => fc.tuple(fc.constant(given), fc.nat(3), fc.nat(3)))
  .map(
    ([{ mask, record, durability, except_subjects, attributes: conditions, ...given }, rarely, seldom]): Omit<
      NaiveRule,
      'id'
    > => {
      const always = {
        ...given,
        ...(rarely === 0 && except_subjects && { except_subjects }),
        ...(seldom === 0 && conditions && { attributes: conditions }),
      }
      if (given.effect === 'deny') return always
      return {
        ...always,
        ...(mask && { mask }),
        ...(record && { record }),
        ...(durability && { durability }),
      }
    },
  )

const rules = fc
  .array(rule, { maxLength: 12 })
  .map((list) => list.map((each, index): NaiveRule => ({ id: `r${index}`, ...each })))

const party = fc.record({
  issuer: word('i1', 'i2'),
  subject: word('alice', 'bob', 'agent', '*'),
  groups: fc.uniqueArray(word('g1', 'g2', '*', 'g'), { maxLength: 2 }),
})
const principal = fc
  .record({
    self: party,
    clientId: fc.option(word('c1', 'c2'), { nil: undefined }),
    actors: fc.array(party, { maxLength: 2 }),
  })
  .map(({ self, clientId, actors }): Principal => ({
    ...self,
    clientId,
    actors,
    displayName: undefined,
    method: 'jwt',
    credentialId: 'c',
    expiresAtMs: 0,
  }))

const operation = fc
  .record({
    action: fc.constantFrom(...actions),
    kind: word(...kinds),
    name: anyName,
    isCluster: fc.boolean(),
    attributes: fc.oneof(fc.constant({}), attributes),
  })
  .map(({ action, kind, name, isCluster, attributes: given }): Operation => {
    const text = kind === 'kafka:cluster' && isCluster ? 'kafka-cluster' : name
    return { action, resource: `${kind}:${text}` as Resource, attributes: given }
  })

/** JSON is YAML, so whatever a name holds, the file is well formed. */
function written(list: readonly NaiveRule[]): string {
  const rulesWritten = list.map((each) => ({
    ...each,
    resources: each.resources.map(
      ({ kind, name, star }) => `${kind}:${name.replaceAll(/[\\*]/g, '\\$&')}${star ? '*' : ''}`,
    ),
    ...(each.effect === 'require_approval' && { approval: { approvers: [{ group: 'leads' }] } }),
  }))
  return JSON.stringify({ version: 1, mask_profiles: ['m1', 'm2'], rules: rulesWritten })
}

function compiled(list: readonly NaiveRule[], maskAvailable: boolean): CompiledPolicy {
  const { policy, revision, problems } = parsePolicy(written(list))
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  if (policy === undefined) throw new Error('no policy')
  return compilePolicy(policy, revision, { maskAvailable })
}

/** Besides questions at random, some that aim at the rules: their names, a little more, and what they imply. */
const cases = fc
  .record({
    rules,
    principals: fc.array(principal, { minLength: 1, maxLength: 3 }),
    random: fc.array(operation, { maxLength: 6 }),
    suffixes: fc.array(fc.oneof(fc.constant(''), anyName), { minLength: 8, maxLength: 8 }),
    aims: fc.array(operation, { minLength: 8, maxLength: 8 }),
  })
  .map(({ random, aims, suffixes, ...given }) => {
    const aimed = given.rules.slice(0, 8).flatMap((each, index): Operation[] => {
      const [target, at] = [aims[index], each.resources[index % each.resources.length]]
      if (target === undefined || at === undefined) return []
      const asked = { ...target, resource: `${at.kind}:${at.name}${suffixes[index]}` as Resource }
      return [asked, { ...asked, action: each.actions[0] ?? 'consume', attributes: each.attributes ?? {} }]
    })
    return { ...given, operations: [...random, ...aimed] }
  })

test('decide answers as the plain reading of the rules does, the second time too', () => {
  const seen = { deny: 0, hold: 0, allow: 0, masked: 0, delegated: 0, onCluster: 0 }
  fc.assert(
    fc.property(cases, (given) => {
      const policy = compiled(given.rules, true)
      for (const who of [...given.principals, ...given.principals]) {
        for (const asked of given.operations) {
          const { effect, ruleId, obligations } = policy.decide(who, asked)
          expect({ effect, ruleId, ...obligations }).toEqual(decideNaively(given.rules, who, asked))
          if (ruleId === 'policy.default') continue
          seen[effect]++
          if (obligations.mask.length > 0) seen.masked++
          if (effect !== 'deny' && who.actors.length > 0) seen.delegated++
          if (effect !== 'deny' && asked.resource.startsWith('kafka:cluster:')) seen.onCluster++
        }
      }
    }),
    { numRuns: 600 },
  )
  // The generated names must meet the generated patterns, or the test proves nothing.
  for (const [what, count] of Object.entries(seen)) expect({ what, enough: count > 50 }).toEqual({ what, enough: true })
})

test('where masks cannot be applied, what would be masked is denied and nothing else changes', () => {
  fc.assert(
    fc.property(cases, (given) => {
      const able = compiled(given.rules, true)
      const unable = compiled(given.rules, false)
      for (const who of given.principals) {
        for (const asked of given.operations) {
          const expected = able.decide(who, asked)
          const decision = unable.decide(who, asked)
          if (expected.obligations.mask.length === 0) {
            expect(decision).toEqual(expected)
          } else {
            expect(decision.effect).toBe('deny')
            expect(decision.reason).toContain('masking is not available in this gateway')
          }
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('explain agrees with decide, and names the rules that have a say', () => {
  fc.assert(
    fc.property(cases, fc.boolean(), (given, maskAvailable) => {
      const policy = compiled(given.rules, maskAvailable)
      for (const who of given.principals) {
        for (const asked of given.operations) {
          const decision = policy.decide(who, asked)
          const { considered, ...explained } = policy.explain(who, asked)
          expect(explained).toEqual(decision)
          const parties = [who, ...who.actors]
          const speaking = new Set(
            parties.flatMap((each) => says(given.rules, who, each, asked).map((say) => say.rule.id)),
          )
          expect(considered.map(({ ruleId }) => ruleId)).toEqual(given.rules.map(({ id }) => id))
          for (const { ruleId, matched, why } of considered) {
            expect({ ruleId, matched }).toEqual({ ruleId, matched: speaking.has(ruleId) })
            expect(why).not.toMatch(/undefined|^;|: ;|: $/)
          }
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('allowsAny is true exactly when some name is allowed', () => {
  fc.assert(
    fc.property(
      cases,
      fc.constantFrom(...actions),
      word('kafka:topic', 'kafka:group', 'kinesis:stream'),
      (given, action, kind) => {
        const policy = compiled(given.rules, true)
        const named = given.rules.flatMap(({ resources }) => resources.map(({ name }) => name))
        const candidates = [...named, '', ...named.map((name) => `${name}Ω`), 'Ω']
        for (const who of given.principals) {
          const expected = candidates.some((name) => {
            const asked: Operation = { action, resource: `${kind}:${name}` as Resource, attributes: {} }
            return decideNaively(given.rules, who, asked).effect === 'allow'
          })
          expect(policy.allowsAny(who, action, `${kind}:` as `kafka:${string}:`)).toBe(expected)
        }
      },
    ),
    { numRuns: 500 },
  )
})
