import type { Action, Operation } from '@weir/contracts'
import type { Rule } from './policy.ts'
import { actionsByKind, effectBySource, effectOf, payloadActions, questionOf, sourceOf } from './rights.ts'
import type { Question } from './rights.ts'
import { RuleTable } from './rule-table.ts'
import type { Hit } from './rule-table.ts'
import { judge, withoutMask } from './verdict.ts'
import type { Defaults, Verdict } from './verdict.ts'

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
  readonly #defaults: Defaults
  readonly #tables = new Map(Object.keys(actionsByKind).map((kind) => [kind, new Map<Question, RuleTable>()]))

  constructor(rules: readonly Rule[], defaults: Defaults) {
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

  #hits(question: Question, { kind, name }: ResourceParts, attributes: Attributes): readonly Hit[] {
    const tables = this.#tables.get(kind)
    if (tables === undefined) return []
    let table = tables.get(question)
    if (table === undefined) {
      table = this.#build(question, kind)
      tables.set(question, table)
    }
    const hits = table.find(name, attributes)
    const source = sourceOf(question, kind, name)
    if (source === undefined) return hits
    const bySource = this.#hits(source.question, source, attributes)
    if (bySource.length === 0 || bySource.some(({ effect }) => effect === 'deny')) return hits
    return [...hits, ...bySource.map((hit) => ({ ...hit, effect: effectBySource(hit.effect, question) }))]
  }

  #build(question: Question, kind: string): RuleTable {
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
