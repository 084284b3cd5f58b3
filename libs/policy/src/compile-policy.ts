import type { Action, Decision, Explanation, Obligations, Operation, Principal, Protocol } from '@weir/contracts'
import { DecisionCache } from './decision-cache.ts'
import { Evaluation, partsOf } from './evaluation.ts'
import { explainRules } from './explain-rules.ts'
import type { Party } from './explain-rules.ts'
import type { Policy } from './policy.ts'
import { SubjectIndex, identitiesOf } from './subjects.ts'
import { strictest } from './verdict.ts'
import { clauseOf, partiesText, reasonText } from './wording.ts'
import { strangeCharacter, witnessNames } from './witnesses.ts'

/** A policy that decides. It holds no clock and no socket; the same question always gets the same answer. */
export interface CompiledPolicy {
  /** What decisions and evidence name. */
  readonly revision: string
  /**
   * Synchronous, in memory and total: never throws. That no rule allows it means deny (`policy.default`), a fault while deciding
   * means deny (`policy.error`). When somebody acts for the principal, each of the chain needs the right: the strictest counts.
   */
  decide(principal: Principal, operation: Operation): Decision
  /** The decision, with every rule and why it has a say or has none. Effect and rule are those of `decide`, always. */
  explain(principal: Principal, operation: Operation): Explanation
  /**
   * Is the action, without attributes, allowed on at least one resource with the prefix (`kafka:topic:`)? Exact for Kafka and
   * Kinesis. For MQTT filters that overlap it may say no where a single topic would be allowed, never yes where none is.
   */
  allowsAny(principal: Principal, action: Action, prefix: `${Protocol}:${string}:`): boolean
}

/** What the process that decides is able to do. */
export type CompileOptions = {
  /** Can this process apply masks? If not (the default), an access that a rule masks is denied. */
  readonly maskAvailable?: boolean
}

/** Makes tables of a policy: a decision costs about the same whether there are ten rules or ten thousand. */
export function compilePolicy(policy: Policy, revision: string, options: CompileOptions = {}): CompiledPolicy {
  return new TablePolicy(policy, revision, options.maskAvailable ?? false)
}

/** What was worked out for one principal; it goes when the principal goes. */
type View = {
  readonly parties: readonly Party[]
  readonly partiesText: string
  readonly decisions: DecisionCache
  readonly anyAllowed: Map<string, boolean>
}

class TablePolicy implements CompiledPolicy {
  readonly revision: string
  readonly #policy: Policy
  readonly #maskAvailable: boolean
  /** The obligations of what is refused. */
  readonly #nothing: Obligations
  readonly #subjects: SubjectIndex
  readonly #deciding: ReadonlySet<string>
  readonly #strange: string
  readonly #views = new WeakMap<Principal, View>()

  constructor(policy: Policy, revision: string, maskAvailable: boolean) {
    this.revision = revision
    this.#policy = policy
    this.#nothing = Object.freeze({ mask: Object.freeze([]), ...policy.defaults })
    this.#maskAvailable = maskAvailable
    this.#subjects = new SubjectIndex(policy.rules)
    this.#deciding = new Set(['scope', ...policy.rules.flatMap((rule) => rule.attributes.map(([name]) => name))])
    this.#strange = strangeCharacter(policy.rules)
  }

  decide(principal: Principal, operation: Operation): Decision {
    try {
      const view = this.#viewOf(principal)
      const known = view.decisions.get(operation)
      if (known !== undefined) return known
      const decision = this.#evaluate(view, principal, operation)
      view.decisions.set(operation, decision)
      return decision
    } catch (error) {
      return this.#broken(error)
    }
  }

  explain(principal: Principal, operation: Operation): Explanation {
    try {
      const view = this.#viewOf(principal)
      const decision = this.#evaluate(view, principal, operation)
      const considered = explainRules(this.#policy.rules, view.parties, operation, partsOf(operation.resource))
      return explanation(decision, considered)
    } catch (error) {
      return explanation(this.#broken(error), [])
    }
  }

  allowsAny(principal: Principal, action: Action, prefix: `${Protocol}:${string}:`): boolean {
    try {
      const view = this.#viewOf(principal)
      const key = `${action} ${prefix}`
      const known = view.anyAllowed.get(key)
      if (known !== undefined) return known
      const rules = view.parties.flatMap(({ evaluation }) => evaluation.rules)
      const allowed = [...witnessNames(rules, prefix.slice(0, -1), this.#strange)].some((name) => {
        const operation: Operation = { action, resource: `${prefix}${name}`, attributes: {} }
        return this.#evaluate(view, principal, operation).effect === 'allow'
      })
      view.anyAllowed.set(key, allowed)
      return allowed
    } catch {
      // As in decide: what cannot be evaluated is not allowed. decide on any one resource says why.
      return false
    }
  }

  #viewOf(principal: Principal): View {
    const known = this.#views.get(principal)
    if (known !== undefined) return known
    const parties = identitiesOf(principal).map((identity) => ({
      identity,
      evaluation: new Evaluation(this.#subjects.rulesFor(identity), this.#nothing),
    }))
    const view = {
      parties,
      partiesText: partiesText(principal),
      decisions: new DecisionCache(this.#deciding),
      anyAllowed: new Map<string, boolean>(),
    }
    this.#views.set(principal, view)
    return view
  }

  #evaluate(view: View, principal: Principal, operation: Operation): Decision {
    const resource = partsOf(operation.resource)
    const { action, attributes } = operation
    const verdict = strictest(view.parties, (party) => party.evaluation.judge(action, resource, attributes))
    const { effect, rule, maskRule, obligations, party } = verdict
    if (effect !== 'deny' && maskRule !== undefined && !this.#maskAvailable) {
      const because = `rule ${maskRule.id} demands a mask, and masking is not available in this gateway`
      return this.#refusal(maskRule.id, reasonText(view.partiesText, operation, because))
    }
    return {
      effect,
      ruleId: rule?.id ?? 'policy.default',
      policyRevision: this.revision,
      reason:
        effect === 'allow' ? undefined : reasonText(view.partiesText, operation, clauseOf(verdict, principal, party)),
      obligations,
    }
  }

  #broken(error: unknown): Decision {
    const fault = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return this.#refusal('policy.error', `The policy could not be evaluated (${fault}).`)
  }

  #refusal(ruleId: string, reason: string): Decision {
    return { effect: 'deny', ruleId, policyRevision: this.revision, reason, obligations: this.#nothing }
  }
}

function explanation(decision: Decision, considered: Explanation['considered']): Explanation {
  const { obligations, ...rest } = decision
  return { ...rest, obligations: { ...obligations, mask: [...obligations.mask] }, considered }
}
