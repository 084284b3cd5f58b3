import type { Principal } from '@weir/contracts'
import type { Rule, SubjectEntry } from './policy.ts'

/** One party of a request, as a rule sees it. Who acts and through which client are facts of the request, the same for each party. */
export type Identity = {
  readonly issuer: string
  readonly subject: string
  readonly groups: ReadonlySet<string>
  readonly clientId: string | undefined
  readonly actors: readonly { readonly issuer: string; readonly subject: string }[]
}

/** The subject first, then everybody who acts for it. Each of them must have the right. */
export function identitiesOf(principal: Principal): Identity[] {
  const { clientId, actors } = principal
  return [principal, ...actors].map(({ issuer, subject, groups }) => {
    // Groups that are not known must not pass for none: a rule may deny by group.
    if (!Array.isArray(groups)) throw new TypeError('the groups of a party are not known')
    return { issuer, subject, groups: new Set<string>(groups), clientId, actors }
  })
}

/**
 * All keys of the entry hold. `issuer` is the issuer of every name in it: of the actor, if one is named, and of the party itself
 * unless the entry names an actor alone. Names are compared as they are.
 */
export function matchesEntry(entry: SubjectEntry, identity: Identity): boolean {
  const { group, subject, client_id, actor, issuer } = entry
  return (
    (group === undefined || identity.groups.has(group)) &&
    (subject === undefined || identity.subject === subject) &&
    (client_id === undefined || identity.clientId === client_id) &&
    (issuer === undefined || isActorAlone(entry) || identity.issuer === issuer) &&
    (actor === undefined ||
      identity.actors.some((each) => each.subject === actor && (issuer === undefined || each.issuer === issuer)))
  )
}

/** Whoever matches the narrow entry matches the wide one, since all that the wide one demands the narrow one demands too. */
export function includesEntry(wide: SubjectEntry, narrow: SubjectEntry): boolean {
  return (
    (wide.group === undefined || wide.group === narrow.group) &&
    (wide.subject === undefined || wide.subject === narrow.subject) &&
    (wide.client_id === undefined || wide.client_id === narrow.client_id) &&
    (wide.actor === undefined || wide.actor === narrow.actor) &&
    (wide.issuer === undefined || (wide.issuer === narrow.issuer && (isActorAlone(wide) || !isActorAlone(narrow))))
  )
}

function isActorAlone({ anyone, group, subject, client_id, actor }: SubjectEntry): boolean {
  return actor !== undefined && [anyone, group, subject, client_id].every((name) => name === undefined)
}

export function concerns(rule: Rule, identity: Identity): boolean {
  return (
    rule.subjects.some((entry) => matchesEntry(entry, identity)) &&
    !rule.exceptSubjects.some((entry) => matchesEntry(entry, identity))
  )
}

/** Finds the rules that concern an identity without a look at the others. */
export class SubjectIndex {
  readonly #byGroup = new Map<string, Set<Rule>>()
  readonly #bySubject = new Map<string, Set<Rule>>()
  readonly #others = new Set<Rule>()

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      for (const { subject, group } of rule.subjects) {
        if (subject !== undefined) listed(this.#bySubject, subject).add(rule)
        else if (group !== undefined) listed(this.#byGroup, group).add(rule)
        else this.#others.add(rule)
      }
    }
  }

  /** In the order of the file. */
  rulesFor(identity: Identity): Rule[] {
    return [...this.candidates(identity.subject, identity.groups)]
      .filter((rule) => concerns(rule, identity))
      .toSorted((a, b) => a.index - b.index)
  }

  /** All rules that can concern the subject or one of the groups, and some more. */
  candidates(subject: string | undefined, groups: Iterable<string>): Set<Rule> {
    const found = new Set<Rule>(this.#others)
    for (const rule of (subject !== undefined && this.#bySubject.get(subject)) || []) found.add(rule)
    for (const group of groups) {
      for (const rule of this.#byGroup.get(group) ?? []) found.add(rule)
    }
    return found
  }
}

function listed(map: Map<string, Set<Rule>>, key: string): Set<Rule> {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = new Set<Rule>()
  map.set(key, made)
  return made
}
