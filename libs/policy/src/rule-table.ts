import type { Operation } from '@weir/contracts'
import type { Effect, Rule } from './policy.ts'
import { matchFilter } from './resource-pattern.ts'
import type { Match, NamePattern } from './resource-pattern.ts'

/** A rule that matches a name, with what it says to the question that the table is for. */
export type Hit = { readonly rule: Rule; readonly effect: Effect; readonly match: Match }

/**
 * The rules that answer one question about one kind of resource, for one identity.
 * A look-up costs a probe per distinct prefix length, not per rule.
 */
export class RuleTable {
  readonly #exact = new Map<string, Hit[]>()
  readonly #prefixes: { readonly length: number; readonly hits: Map<string, Hit[]> }[] = []
  readonly #always: Hit[] = []
  readonly #filters: { readonly levels: readonly string[]; readonly hit: Hit }[] = []

  add(pattern: NamePattern, rule: Rule, effect: Effect): void {
    const hit: Hit = { rule, effect, match: 'all' }
    switch (pattern.type) {
      case 'all':
        this.#always.push(hit)
        break
      case 'exact':
        append(this.#exact, pattern.name, hit)
        break
      case 'prefix':
        append(this.#prefixesOf(pattern.prefix.length), pattern.prefix, hit)
        break
      case 'filter':
        this.#filters.push({ levels: pattern.levels, hit })
        break
    }
  }

  /** What matches the name, of which the conditions hold. */
  find(name: string, attributes: Operation['attributes']): readonly Hit[] {
    const hits: Hit[] = []
    if (this.#always.length > 0) take(this.#always, attributes, hits)
    if (this.#exact.size > 0) take(this.#exact.get(name), attributes, hits)
    for (const { length, hits: byPrefix } of this.#prefixes) {
      if (length > name.length) break
      take(byPrefix.get(name.slice(0, length)), attributes, hits)
    }
    if (this.#filters.length > 0) take(this.#matchingFilters(name.split('/')), attributes, hits)
    return hits
  }

  #matchingFilters(levels: readonly string[]): Hit[] {
    return this.#filters.flatMap(({ levels: filter, hit }) => {
      const match = matchFilter(filter, levels)
      return match === undefined ? [] : [{ ...hit, match }]
    })
  }

  #prefixesOf(length: number): Map<string, Hit[]> {
    const known = this.#prefixes.find((each) => each.length === length)
    if (known !== undefined) return known.hits
    const hits = new Map<string, Hit[]>()
    this.#prefixes.push({ length, hits })
    this.#prefixes.sort((a, b) => a.length - b.length)
    return hits
  }
}

function take(found: readonly Hit[] | undefined, attributes: Operation['attributes'], hits: Hit[]): void {
  if (found === undefined) return
  for (const hit of found) {
    if (hit.rule.attributes.every(([name, value]) => attributes[name] === value)) hits.push(hit)
  }
}

function append(map: Map<string, Hit[]>, key: string, hit: Hit): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [hit])
  else known.push(hit)
}
