/**
 * The semantics of docs/reference/policy.md as a loop over all rules, for tests to hold the compiled policy against. It works on
 * values of its own, not on what the parser made, and shares no code with the compiler.
 */
import type { Action, Operation, Principal } from '@weir/contracts'

export type NaiveRule = {
  id: string
  subjects: Entry[]
  except_subjects?: Entry[]
  actions: Action[]
  resources: { kind: string; name: string; star: boolean }[]
  attributes?: Record<string, string>
  effect: 'allow' | 'deny' | 'require_approval'
  mask?: string[]
  record?: string
  durability?: string
}
export type Entry = Partial<Record<'group' | 'subject' | 'client_id' | 'actor' | 'issuer', string>> & { anyone?: true }
type Party = { issuer: string; subject: string; groups: readonly string[] }
type Say = { rule: NaiveRule; effect: NaiveRule['effect'] }
export type NaiveAnswer = { effect: string; ruleId: string; mask: string[]; record: string; durability: string }

const levels = ['meta', 'digest', 'keys', 'full']

function isMeant(entry: Entry, party: Party, principal: Principal): boolean {
  const alone = Object.keys(entry).every((key) => key === 'actor' || key === 'issuer')
  if (entry.group !== undefined && !party.groups.includes(entry.group)) return false
  if (entry.subject !== undefined && party.subject !== entry.subject) return false
  if (entry.client_id !== undefined && principal.clientId !== entry.client_id) return false
  if (entry.issuer !== undefined && !alone && party.issuer !== entry.issuer) return false
  if (entry.actor === undefined) return true
  return principal.actors.some((a) => a.subject === entry.actor && [undefined, a.issuer].includes(entry.issuer))
}

/** The rules that have a say in one action on one resource, for one party. */
export function says(rules: NaiveRule[], principal: Principal, party: Party, operation: Operation): Say[] {
  const [protocol, type, ...rest] = operation.resource.split(':')
  const [kind, name] = [`${protocol}:${type}`, rest.join(':')]
  const { action, attributes } = operation
  const scope = attributes['scope']
  const direct = rules.flatMap((rule): Say[] => {
    const isAbout =
      rule.subjects.some((entry) => isMeant(entry, party, principal)) &&
      !rule.except_subjects?.some((entry) => isMeant(entry, party, principal)) &&
      rule.resources.some((r) => r.kind === kind && (r.star ? name.startsWith(r.name) : name === r.name)) &&
      Object.entries(rule.attributes ?? {}).every(([key, value]) => attributes[key] === value)
    if (!isAbout) return []
    if (rule.actions.includes(action)) return [{ rule, effect: rule.effect }]
    if (action !== 'describe' || rule.effect === 'deny') return []
    const knows = (['publish', 'consume', 'alter', 'delete'] as const).some((each) => rule.actions.includes(each))
    if (scope === undefined && knows) return [{ rule, effect: 'allow' }]
    const isConfigs = scope === 'configs' && rule.actions.includes('alter') && rule.effect === 'allow'
    return isConfigs ? [{ rule, effect: 'allow' }] : []
  })
  let source: Operation | undefined
  if (kind === 'kafka:cluster' && action !== 'administer') source = { ...operation, action: 'administer' }
  if (kind === 'kafka:topic' && (action === 'create' || action === 'delete')) {
    source = { ...operation, resource: 'kafka:cluster:kafka-cluster' }
  }
  const bySource = source === undefined ? [] : says(rules, principal, party, source)
  if (bySource.some(({ effect }) => effect === 'deny')) return direct
  const isPlainDescribe = action === 'describe' && scope === undefined
  return [...direct, ...bySource.map((say): Say => (isPlainDescribe ? { ...say, effect: 'allow' } : say))]
}

function ofParty(rules: NaiveRule[], principal: Principal, party: Party, operation: Operation): NaiveAnswer {
  const found = says(rules, principal, party, operation)
  const firstWith = (effect: string): string | undefined =>
    rules.find((rule) => found.some((say) => say.rule === rule && say.effect === effect))?.id
  const none = { mask: [], record: 'meta', durability: 'buffered' }
  const deny = firstWith('deny')
  if (deny !== undefined || found.length === 0) return { effect: 'deny', ruleId: deny ?? 'policy.default', ...none }
  const isMasked = operation.action === 'publish' || operation.action === 'consume'
  const isUnmasked =
    operation.action === 'consume' &&
    ofParty(rules, principal, party, { ...operation, action: 'unmask' }).effect === 'allow'
  const hold = firstWith('require_approval')
  return {
    effect: hold === undefined ? 'allow' : 'hold',
    ruleId: hold ?? firstWith('allow') ?? '',
    mask: isMasked && !isUnmasked ? [...new Set(found.flatMap(({ rule }) => rule.mask ?? []))].toSorted() : [],
    record: levels[Math.max(...found.map(({ rule }) => levels.indexOf(rule.record ?? 'meta')))] ?? '',
    durability: found.some(({ rule }) => rule.durability === 'strict') ? 'strict' : 'buffered',
  }
}

/** The answer where masks can be applied. */
export function decideNaively(rules: NaiveRule[], principal: Principal, operation: Operation): NaiveAnswer {
  const answers = [principal, ...principal.actors].map((party) => ofParty(rules, principal, party, operation))
  const decisive = ['deny', 'hold', 'allow'].flatMap((effect) => answers.filter((a) => a.effect === effect))[0]
  if (decisive === undefined) throw new Error('no party')
  if (decisive.effect === 'deny') return decisive
  return {
    ...decisive,
    mask: [...new Set(answers.flatMap(({ mask }) => mask))].toSorted(),
    record: levels[Math.max(...answers.map(({ record }) => levels.indexOf(record)))] ?? '',
    durability: answers.some(({ durability }) => durability === 'strict') ? 'strict' : 'buffered',
  }
}
