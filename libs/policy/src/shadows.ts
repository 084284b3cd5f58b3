import { pathText } from '@weir/config'
import type { Action } from '@weir/contracts'
import type { Policy, Rule } from './policy.ts'
import { coversPattern } from './resource-pattern.ts'
import { actionsByKind, payloadActions } from './rights.ts'
import { SubjectIndex, includesEntry } from './subjects.ts'

/** Something in a valid rule that can have no effect; the key is the part of the rule that is to blame. */
export type Idle = { readonly rule: Rule; readonly key: readonly (string | number)[]; readonly message: string }

/** Rules and parts of rules that never matter: nearly always a slip. */
export function idleParts(policy: Policy): Idle[] {
  const restricting = new SubjectIndex(policy.rules.filter(({ effect }) => effect !== 'allow'))
  return policy.rules.flatMap((rule) => [
    ...idleSubjects(rule),
    ...idleActions(rule),
    ...idleResources(rule),
    ...idleMask(rule),
    ...shadowed(rule, restricting),
  ])
}

function idleSubjects(rule: Rule): Idle[] {
  return rule.subjects.flatMap((entry, index) =>
    rule.exceptSubjects.some((exception) => includesEntry(exception, entry))
      ? [{ rule, key: ['subjects', index], message: 'the rule leaves this out again by except_subjects' }]
      : [],
  )
}

function idleActions(rule: Rule): Idle[] {
  return [...rule.actions].flatMap((action, index) =>
    rule.resources.some(({ kind }) => actionsOf(kind).includes(action))
      ? []
      : [{ rule, key: ['actions', index], message: `${action} is no action of any of these resources` }],
  )
}

function idleResources(rule: Rule): Idle[] {
  return rule.resources.flatMap(({ kind, text, names }, index) => {
    const key = ['resources', index]
    if (!actionsOf(kind).some((action) => rule.actions.has(action))) {
      return [{ rule, key, message: `none of these actions is one of a ${kind}: ${actionsOf(kind).join(', ')}` }]
    }
    const strange = kind === 'kafka:topic' ? /[^A-Za-z0-9._-]/.exec(nameText(names)) : null
    if (strange !== null)
      return [{ rule, key, message: `no Kafka topic has ${JSON.stringify(strange[0])} in its name` }]
    if (names.type === 'filter' && names.levels.includes('*')) {
      return [{ rule, key, message: `in ${text} the * is an ordinary character; the wildcards of MQTT are + and #` }]
    }
    return []
  })
}

function idleMask(rule: Rule): Idle[] {
  if (rule.mask.length === 0 || [...rule.actions].some((action) => payloadActions.has(action))) return []
  return [{ rule, key: ['mask'], message: 'a mask has an effect on publish and consume only' }]
}

function shadowed(rule: Rule, restricting: SubjectIndex): Idle[] {
  if (rule.effect === 'deny') return []
  const { subject, group } = rule.subjects[0] ?? {}
  const by = [...restricting.candidates(subject, group === undefined ? [] : [group])].find(
    (each) => (each.effect === 'deny' || rule.effect === 'allow') && coversRule(each, rule),
  )
  if (by === undefined) return []
  const verb = by.effect === 'deny' ? 'denies' : 'demands an approval for'
  const message = `${pathText(['rules', by.index])} (${by.id}, line ${by.line}) ${verb} all that this rule is about`
  return [{ rule, key: ['id'], message }]
}

function coversRule(outer: Rule, inner: Rule): boolean {
  return (
    [...inner.actions].every((action) => outer.actions.has(action)) &&
    inner.resources.every((pattern) => outer.resources.some((wider) => coversPattern(wider, pattern))) &&
    outer.attributes.every(([name, value]) => inner.attributes.some(([n, v]) => n === name && v === value)) &&
    outer.exceptSubjects.every((left) => inner.exceptSubjects.some((also) => includesEntry(also, left))) &&
    inner.subjects.every((entry) => outer.subjects.some((wider) => includesEntry(wider, entry)))
  )
}

function actionsOf(kind: keyof typeof actionsByKind): readonly Action[] {
  return actionsByKind[kind]
}

function nameText(names: Rule['resources'][number]['names']): string {
  return names.type === 'exact' ? names.name : names.type === 'prefix' ? names.prefix : ''
}
