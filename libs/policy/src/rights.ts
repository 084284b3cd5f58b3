import type { Action } from '@weir/contracts'
import type { Effect, Rule } from './policy.ts'

/** The kinds of resources, and the actions that a protocol has for each; docs/reference/actions.md says which right is which. */
export const actionsByKind = {
  'kafka:topic': ['publish', 'consume', 'describe', 'create', 'alter', 'delete', 'truncate', 'unmask'],
  'kafka:group': ['consume', 'describe', 'alter', 'delete'],
  'kafka:transactional-id': ['publish', 'describe'],
  'kafka:cluster': ['publish', 'describe', 'create', 'alter', 'delete', 'administer'],
  'kinesis:stream': ['publish', 'consume', 'describe', 'create', 'alter', 'delete', 'truncate', 'administer', 'unmask'],
  'mqtt:topic': ['publish', 'consume', 'truncate', 'administer', 'unmask'],
} as const satisfies Record<string, readonly Action[]>

export type ResourceKind = keyof typeof actionsByKind

export function isResourceKind(text: string): text is ResourceKind {
  return Object.hasOwn(actionsByKind, text)
}

export const clusterKind = 'kafka:cluster'

/** Kafka's constant name of its one cluster resource. */
export const clusterName = 'kafka-cluster'

/** Actions that show or take payloads: only to these a mask applies. */
export const payloadActions: ReadonlySet<Action> = new Set(['publish', 'consume'])

/** `describe` has two depths: the plain one, and `scope: configs`. Of any other scope nothing is implied. */
export type Question = { readonly action: Action; readonly scope: string | undefined }

export function questionOf(action: Action, attributes: Readonly<Record<string, string>>): Question {
  return { action, scope: action === 'describe' ? attributes['scope'] : undefined }
}

const impliesDescribe = ['publish', 'consume', 'alter', 'delete'] as const

/**
 * What a rule says to a question about one of its own resources, by its actions alone. As in Kafka's own authorizer a right implies
 * the describe of the same resource, and a deny implies nothing. That something waits for an approval does not hide that it exists.
 */
export function effectOf(rule: Pick<Rule, 'actions' | 'effect'>, { action, scope }: Question): Effect | undefined {
  if (rule.actions.has(action)) return rule.effect
  if (action !== 'describe' || rule.effect === 'deny') return undefined
  if (scope === undefined && impliesDescribe.some((each) => rule.actions.has(each))) return 'allow'
  if (scope === 'configs' && rule.actions.has('alter') && rule.effect === 'allow') return 'allow'
  return undefined
}

/** Another right that gives this one too. It gives nothing to those to whom it is itself denied. */
export type Source = { readonly action: Action; readonly kind: ResourceKind; readonly name: string }

export function sourceOf(action: Action, kind: string, name: string): Source | undefined {
  if (kind === clusterKind && action !== 'administer') return { action: 'administer', kind, name }
  if (kind === 'kafka:topic' && (action === 'create' || action === 'delete')) {
    return { action, kind: clusterKind, name: clusterName }
  }
  return undefined
}

/** What a rule on a source says to the question that led there. */
export function effectBySource(effect: Effect, { action, scope }: Question): Effect {
  return effect === 'require_approval' && action === 'describe' && scope === undefined ? 'allow' : effect
}
