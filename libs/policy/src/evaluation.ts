import type { Action, Operation } from '@weir/contracts'
import type { Policy, Rule } from './policy.ts'
import { effectBySource, effectOf, isResourceKind, payloadActions, questionOf, sourceOf } from './rights.ts'
import type { Question, ResourceKind } from './rights.ts'
import { RuleTable } from './rule-table.ts'
import type { Hit } from './rule-table.ts'
import { judge, withoutMask } from './verdict.ts'
import type { Verdict } from './verdict.ts'

type Attributes = Operation['attributes']

/** A resource taken apart; the name is whatever follows the second colon. */
export type ResourceParts = { readonly kind: string; readonly name: string }

export function partsOf(resource: string): ResourceParts {
  const colon = resource.indexOf(':', resource.indexOf(':') + 1)
  // Without two colons it is no resource: of no kind, and so of no rule.
  if (colon < 0) return { kind: '', name: resource }
  return { kind: resource.slice(0, colon), name: resource.slice(colon + 1) }
}

/** The rules that concern one identity, in tables made when a question is first asked. */
export class Evaluation {
  readonly rules: readonly Rule[]
  readonly #defaults: Policy['defaults']
  readonly #tables = new Map<string, RuleTable>()

  constructor(rules: readonly Rule[], defaults: Policy['defaults']) {
    this.rules = rules
    this.#defaults = defaults
  }

  judge(action: Action, resource: ResourceParts, attributes: Attributes): Verdict {
    const verdict = judge(this.hits(action, resource, attributes), this.#defaults)
    if (verdict.maskRule === undefined) return verdict
    // What shows no payload has nothing to mask.
    if (!payloadActions.has(action)) return withoutMask(verdict)
    if (action !== 'consume') return verdict
    return this.judge('unmask', resource, attributes).effect === 'allow' ? withoutMask(verdict) : verdict
  }

  /** The rules that have a say in this, each with its own say. */
  hits(action: Action, resource: ResourceParts, attributes: Attributes): readonly Hit[] {
    return this.#hits(questionOf(action, attributes), resource, attributes)
  }

  #hits(question: Question, { kind, name }: ResourceParts, attributes: Attributes): Hit[] {
    const found: Hit[] = []
    if (!isResourceKind(kind)) return found
    this.#table(question, kind).find(name, found)
    const hits = found.some(({ rule }) => rule.attributes.length > 0)
      ? found.filter(({ rule }) => rule.attributes.every(([key, value]) => attributes[key] === value))
      : found
    const source = sourceOf(question.action, kind, name)
    if (source === undefined) return hits
    const bySource = this.#hits({ action: source.action, scope: undefined }, source, attributes)
    if (bySource.length === 0 || bySource.some(({ effect }) => effect === 'deny')) return hits
    return [...hits, ...bySource.map((hit) => ({ ...hit, effect: effectBySource(hit.effect, question) }))]
  }

  #table(question: Question, kind: ResourceKind): RuleTable {
    const key = tableKey(question, kind)
    const known = this.#tables.get(key)
    if (known !== undefined) return known
    const table = this.#build(question, kind)
    this.#tables.set(key, table)
    return table
  }

  #build(question: Question, kind: ResourceKind): RuleTable {
    const table = new RuleTable()
    for (const rule of this.rules) {
      const effect = effectOf(rule, question)
      if (effect === undefined) continue
      for (const pattern of rule.resources) {
        if (pattern.kind === kind) table.add(pattern.names, rule, effect)
      }
    }
    return table
  }
}

/** Of every scope but the plain one and `configs` the answers are alike. */
function tableKey({ action, scope }: Question, kind: ResourceKind): string {
  return `${kind} ${action}${scope === undefined ? '' : scope === 'configs' ? ' configs' : ' other'}`
}
