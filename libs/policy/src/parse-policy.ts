import { createHash } from 'node:crypto'
import { locateYaml, problemLines, suggestion, yamlProblems } from '@weir/config'
import type { LocatedYaml, Path, Problem } from '@weir/config'
import type { Policy, Rule } from './policy.ts'
import { policySchema } from './policy-schema.ts'
import type { WrittenPolicy, WrittenRule } from './policy-schema.ts'
import { idleParts } from './shadows.ts'

/** What became of a text: a policy, or why there is none. */
export type ParsedPolicy = {
  /** There when there is no error; warnings do not matter. */
  readonly policy?: Policy
  /** Hex SHA-256 of the text, first 16 digits: the same file has the same revision everywhere. */
  readonly revision: string
  readonly problems: readonly Problem[]
}

/** Reads a policy file (docs/reference/policy.md). Never throws: what is wrong is in `problems`, with line and column. */
export function parsePolicy(yaml: string, fileName = 'policy.yaml'): ParsedPolicy {
  const revision = createHash('sha256').update(yaml).digest('hex').slice(0, 16)
  const located = locateYaml(yaml, fileName)
  const { value, problems } = yamlProblems(policySchema, located)
  if (value === undefined) return { revision, problems }
  const policy = policyOf(value, located)
  const errors = [...repeatedIds(policy, located), ...unknownProfiles(value, located)]
  const all = [...errors, ...warnings(policy, located)].toSorted((a, b) => a.line - b.line || a.column - b.column)
  return errors.length > 0 ? { revision, problems: all } : { policy, revision, problems: all }
}

/** A line of text per problem: `policy.yaml:7:15: rules[1].effect: must be …`. */
export function describePolicyProblems(problems: readonly Problem[], fileName = 'policy.yaml'): string[] {
  return problemLines(problems, fileName)
}

function policyOf(written: WrittenPolicy, located: LocatedYaml): Policy {
  return {
    rules: written.rules.map((rule, index) => ruleOf(rule, index, located.position(['rules', index]).line)),
    defaults: written.defaults,
    maskProfiles: written.mask_profiles ?? [],
  }
}

function ruleOf(written: WrittenRule, index: number, line: number): Rule {
  return {
    id: written.id,
    description: written.description,
    index,
    line,
    subjects: written.subjects,
    exceptSubjects: written.except_subjects ?? [],
    actions: new Set(written.actions),
    resources: written.resources,
    attributes: Object.entries(written.attributes ?? {}),
    effect: written.effect,
    approval: written.approval,
    mask: [...new Set(masksOf(written))].toSorted(),
    record: written.record,
    durability: written.durability,
  }
}

function masksOf({ mask }: WrittenRule): readonly string[] {
  return typeof mask === 'string' ? [mask] : (mask ?? [])
}

function repeatedIds(policy: Policy, located: LocatedYaml): Problem[] {
  const first = new Map<string, Rule>()
  return policy.rules.flatMap((rule) => {
    const known = first.get(rule.id)
    if (known === undefined) {
      first.set(rule.id, rule)
      return []
    }
    const message = `rules[${rule.index}].id: the rule in line ${known.line} has this id too`
    return [problemAt(located, ['rules', rule.index, 'id'], 'error', message)]
  })
}

function unknownProfiles(written: WrittenPolicy, located: LocatedYaml): Problem[] {
  const known = written.mask_profiles ?? []
  return written.rules.flatMap((rule, index) =>
    masksOf(rule).flatMap((profile, place) => {
      if (known.includes(profile)) return []
      const path = ['rules', index, 'mask', ...(Array.isArray(rule.mask) ? [place] : [])]
      const message = `rules[${index}].mask: "${profile}" is not in mask_profiles${suggestion(profile, known)}`
      return [problemAt(located, path, 'error', message)]
    }),
  )
}

function warnings(policy: Policy, located: LocatedYaml): Problem[] {
  if (policy.rules.length === 0) {
    return [problemAt(located, ['rules'], 'warning', 'rules: there are none, so everything is denied')]
  }
  return idleParts(policy).map(({ rule, key, message }) =>
    problemAt(located, ['rules', rule.index, ...key], 'warning', `rule ${rule.id}: ${message}`),
  )
}

function problemAt(located: LocatedYaml, path: Path, severity: Problem['severity'], message: string): Problem {
  return { severity, message, ...located.position(path) }
}
