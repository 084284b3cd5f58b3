import { actions } from '@weir/contracts'
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

/** `<protocol>:<kind>`, a key of `actionsByKind`. */
export type ResourceKind = keyof typeof actionsByKind

export function isResourceKind(text: string): text is ResourceKind {
  return Object.hasOwn(actionsByKind, text)
}

export const clusterKind = 'kafka:cluster'

/** Kafka's constant name of its one cluster resource. */
export const clusterName = 'kafka-cluster'

/** Actions that show or take payloads: only to these a mask applies. */
export const payloadActions: ReadonlySet<Action> = new Set(['publish', 'consume'])

/**
 * What is asked of the rules. `describe` has two depths, plain and `scope: configs`; of any other scope nothing is implied.
 * There is one object per question, so that tables are found by it.
 */
export type Question = { readonly action: Action; readonly depth: 'plain' | 'configs' | 'other' }

const plainQuestions = new Map(actions.map((action): [Action, Question] => [action, { action, depth: 'plain' }]))
const describeConfigs: Question = { action: 'describe', depth: 'configs' }
const describeOther: Question = { action: 'describe', depth: 'other' }

/** Throws TypeError for what is no action. */
export function questionOf(action: Action, attributes: Readonly<Record<string, string>>): Question {
  const scope = action === 'describe' ? attributes['scope'] : undefined
  if (scope !== undefined) return scope === 'configs' ? describeConfigs : describeOther
  const question = plainQuestions.get(action)
  if (question === undefined) throw new TypeError(`there is no action ${JSON.stringify(action)}`)
  return question
}

const impliesDescribe = ['publish', 'consume', 'alter', 'delete'] as const

/**
 * What a rule says to a question about one of its own resources, by its actions alone. As in Kafka's own authorizer a right implies
 * the describe of the same resource, and a deny implies nothing. That something waits for an approval does not hide that it exists.
 */
export function effectOf(rule: Pick<Rule, 'actions' | 'effect'>, { action, depth }: Question): Effect | undefined {
  if (rule.actions.has(action)) return rule.effect
  if (action !== 'describe' || rule.effect === 'deny') return undefined
  if (depth === 'plain' && impliesDescribe.some((each) => rule.actions.has(each))) return 'allow'
  if (depth === 'configs' && rule.actions.has('alter') && rule.effect === 'allow') return 'allow'
  return undefined
}

/** Another right that gives this one too. It gives nothing to those to whom it is itself denied. */
export type Source = { readonly question: Question; readonly kind: ResourceKind; readonly name: string }

export function sourceOf(question: Question, kind: string, name: string): Source | undefined {
  const { action } = question
  if (kind === clusterKind && action !== 'administer') return { question: questionOf('administer', {}), kind, name }
  if (kind !== 'kafka:topic' || (action !== 'create' && action !== 'delete')) return undefined
  return { question, kind: clusterKind, name: clusterName }
}

/** What a rule on a source says to the question that led there. */
export function effectBySource(effect: Effect, { action, depth }: Question): Effect {
  return effect === 'require_approval' && action === 'describe' && depth === 'plain' ? 'allow' : effect
}
