import { durabilities, recordLevels } from '@weir/contracts'
import type { Decision, Obligations } from '@weir/contracts'
import type { Rule } from './policy.ts'
import type { Hit } from './rule-table.ts'

/** What is recorded when nothing more is said; the mask is empty. */
export type Defaults = Obligations

/** What the rules say of one identity, before it is put in words. */
export type Verdict = {
  readonly effect: Decision['effect']
  /** The rule that decided; `undefined`: none allows it. */
  readonly rule: Rule | undefined
  /** The first rule that demands a mask. */
  readonly maskRule: Rule | undefined
  readonly obligations: Obligations
}

/**
 * A deny wins, then a demanded approval, then an allow; without any of them it is denied. Obligations of all that matches merge to
 * the strictest. A rule that meets only a part of what is asked (an MQTT subscription) can make the answer stricter, never allow.
 */
export function judge(hits: readonly Hit[], defaults: Defaults): Verdict {
  let deny: Rule | undefined
  let hold: Rule | undefined
  let allow: Rule | undefined
  let maskRule: Rule | undefined
  let isCovered = false
  let obligations: Obligations | undefined
  for (const { rule, effect, match } of hits) {
    if (effect === 'deny') {
      deny = earlier(deny, rule)
      continue
    }
    if (match === 'all') isCovered = true
    if (effect === 'require_approval') hold = earlier(hold, rule)
    else if (match === 'all') allow = earlier(allow, rule)
    if (rule.mask.length > 0) maskRule = earlier(maskRule, rule)
    obligations = stricter(obligations, obligationsOf(rule, defaults))
  }
  if (deny !== undefined) return refused(deny, defaults)
  if (!isCovered || obligations === undefined) return refused(undefined, defaults)
  return { effect: hold === undefined ? 'allow' : 'hold', rule: hold ?? allow, maskRule, obligations }
}

const ranks = { allow: 0, hold: 1, deny: 2 }

/** What holds for all parties together: the strictest verdict, of equals the first; `party` is whose it is. */
export function strictest<P>(parties: readonly P[], judgeParty: (party: P) => Verdict): Verdict & { party: number } {
  let decisive: (Verdict & { party: number }) | undefined
  let obligations: Obligations | undefined
  let maskRule: Rule | undefined
  for (let party = 0; party < parties.length; party++) {
    const verdict = judgeParty(parties[party] as P)
    if (decisive === undefined || ranks[verdict.effect] > ranks[decisive.effect]) decisive = { ...verdict, party }
    obligations = stricter(obligations, verdict.obligations)
    if (verdict.maskRule !== undefined) maskRule = earlier(maskRule, verdict.maskRule)
  }
  if (decisive === undefined || obligations === undefined) throw new TypeError('a request has at least one party')
  return decisive.effect === 'deny' || parties.length === 1 ? decisive : { ...decisive, obligations, maskRule }
}

export function withoutMask(verdict: Verdict): Verdict {
  return { ...verdict, maskRule: undefined, obligations: { ...verdict.obligations, mask: [] } }
}

function refused(rule: Rule | undefined, defaults: Defaults): Verdict {
  return { effect: 'deny', rule, maskRule: undefined, obligations: defaults }
}

function earlier(known: Rule | undefined, rule: Rule): Rule {
  return known === undefined || rule.index < known.index ? rule : known
}

function obligationsOf(rule: Rule, defaults: Defaults): Obligations {
  if (rule.mask.length === 0 && rule.record === undefined && rule.durability === undefined) return defaults
  return {
    mask: rule.mask,
    record: rule.record ?? defaults.record,
    durability: rule.durability ?? defaults.durability,
  }
}

function stricter(a: Obligations | undefined, b: Obligations): Obligations {
  if (a === undefined || a === b) return b
  return {
    mask: b.mask.length === 0 ? a.mask : [...new Set([...a.mask, ...b.mask])].toSorted(),
    record: recordLevels[Math.max(recordLevels.indexOf(a.record), recordLevels.indexOf(b.record))] ?? 'full',
    durability:
      durabilities[Math.max(durabilities.indexOf(a.durability), durabilities.indexOf(b.durability))] ?? 'strict',
  }
}
