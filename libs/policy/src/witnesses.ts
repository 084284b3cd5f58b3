import type { Rule } from './policy.ts'

/** A character that is in none of the patterns, so that a name with it is matched by wildcards alone. */
export function strangeCharacter(rules: readonly Rule[]): string {
  const used = rules.flatMap((rule) => rule.resources.map(({ text }) => text)).join()
  // From the start of the private use area.
  let code = 0xe000
  while (used.includes(String.fromCharCode(code))) code++
  return String.fromCharCode(code)
}

/**
 * Names of which at least one is allowed if any name of the kind is: what is allowed is made of single names and of all that
 * starts with a prefix, less other such; so a single name that a rule names, or a strange name behind a prefix, is in it.
 */
export function witnessNames(rules: readonly Rule[], kind: string, strange: string): Set<string> {
  const names = new Set<string>()
  for (const { names: pattern, kind: patternKind } of rules.flatMap((rule) => rule.resources)) {
    if (patternKind !== kind) continue
    switch (pattern.type) {
      case 'all':
        break
      case 'exact':
        names.add(pattern.name)
        break
      case 'prefix':
        names.add(pattern.prefix + strange)
        break
      case 'filter':
        names.add(pattern.levels.map((level) => (level === '+' || level === '#' ? strange : level)).join('/'))
        break
    }
  }
  return names.add(strange)
}
