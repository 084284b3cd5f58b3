import type { Explanation, Operation } from '@weir/contracts'
import type { Evaluation, ResourceParts } from './evaluation.ts'
import type { Rule, SubjectEntry } from './policy.ts'
import { matchName } from './resource-pattern.ts'
import { effectOf, questionOf, sourceOf } from './rights.ts'
import type { Question } from './rights.ts'
import { matchesEntry } from './subjects.ts'
import type { Identity } from './subjects.ts'
import { quoted } from './wording.ts'

type Considered = Explanation['considered'][number]

export type Party = { readonly identity: Identity; readonly evaluation: Evaluation }

/** Every rule in the order of the file, with why it has a say or has none; for a chain of parties, one clause for each. */
export function explainRules(
  rules: readonly Rule[],
  parties: readonly Party[],
  operation: Operation,
  resource: ResourceParts,
): Considered[] {
  const { action, attributes } = operation
  const asked = parties.map(({ identity, evaluation }) => ({
    identity,
    hits: new Set(evaluation.hits(action, resource, attributes).map(({ rule }) => rule)),
    unmasks: new Set(
      action === 'consume' ? evaluation.hits('unmask', resource, attributes).map(({ rule }) => rule) : [],
    ),
  }))
  return rules.map((rule) => {
    const clauses = asked.map(({ identity, hits, unmasks }) => {
      const who = parties.length > 1 ? `${quoted(identity.subject)}: ` : ''
      if (hits.has(rule)) return who + whyMatched(rule, identity, operation, resource)
      if (unmasks.has(rule)) return `${who}it decides on unmask, and so on the mask of this consume`
      return who + whyNot(rule, identity, operation, resource)
    })
    return {
      ruleId: rule.id,
      line: rule.line,
      effect: rule.effect,
      matched: asked.some(({ hits }) => hits.has(rule)),
      why: clauses.join('; '),
    }
  })
}

function whyMatched(rule: Rule, identity: Identity, operation: Operation, resource: ResourceParts): string {
  const entry = rule.subjects.find((each) => matchesEntry(each, identity))
  const who = entry === undefined ? '' : entryText(entry)
  const pattern = rule.resources.find(({ kind, names }) => kind === resource.kind && matchName(names, resource.name))
  const question = questionOf(operation.action, operation.attributes)
  if (pattern === undefined || effectOf(rule, question) === undefined) {
    const source = sourcesOf(question, resource).find((each) => speaksOf(rule, each.question, each.resource))
    return `${who}; ${source?.question.action} on the cluster counts for this too`
  }
  const right = rule.actions.has(operation.action)
    ? operation.action
    : `${[...rule.actions].join(', ')}, which implies describe`
  return `${who}; ${right}; ${pattern.text}`
}

function whyNot(rule: Rule, identity: Identity, operation: Operation, resource: ResourceParts): string {
  if (!rule.subjects.some((entry) => matchesEntry(entry, identity))) {
    return `${quoted(identity.subject)} is none of its subjects`
  }
  const exception = rule.exceptSubjects.find((entry) => matchesEntry(entry, identity))
  if (exception !== undefined) return `its except_subjects leave out ${entryText(exception)}`
  const question = questionOf(operation.action, operation.attributes)
  const sources = sourcesOf(question, resource).filter((each) => speaksOf(rule, each.question, each.resource))
  if (!speaksOf(rule, question, resource) && sources.length === 0) {
    return effectOf(rule, question) === undefined
      ? `it says nothing of ${operation.action}${question.depth === 'plain' ? '' : ` with scope ${quoted(operation.attributes['scope'] ?? '')}`}`
      : `none of its resources matches ${quoted(operation.resource)}`
  }
  const missing = rule.attributes.find(([name, value]) => operation.attributes[name] !== value)
  if (missing !== undefined) return `the attribute ${missing[0]} is not ${quoted(missing[1])}`
  return `what ${sources[0]?.question.action} on the cluster would give is denied there, or is itself a deny`
}

/** The rights, one behind the other, that would give this one too. */
function sourcesOf(question: Question, resource: ResourceParts): { question: Question; resource: ResourceParts }[] {
  const source = sourceOf(question, resource.kind, resource.name)
  return source === undefined
    ? []
    : [{ question: source.question, resource: source }, ...sourcesOf(source.question, source)]
}

function speaksOf(rule: Rule, question: Question, { kind, name }: ResourceParts): boolean {
  const isNamed = rule.resources.some((each) => each.kind === kind && matchName(each.names, name) !== undefined)
  return isNamed && effectOf(rule, question) !== undefined
}

function entryText(entry: SubjectEntry): string {
  return Object.entries(entry)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => (value === true ? key : `${key} ${quoted(String(value))}`))
    .join(' with ')
}
