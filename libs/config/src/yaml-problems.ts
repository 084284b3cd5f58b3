import type { z } from 'zod'
import type { LocatedYaml, Path } from './located-yaml.ts'
import { suggestion } from './nearest.ts'
import { inFileOrder } from './problem.ts'
import type { Problem } from './problem.ts'
import { unknownKeys } from './schema-walk.ts'

type Issue = z.core.$ZodIssue

/**
 * Checks a YAML value by a schema: a problem per fault, with its line and column, in the order of the file.
 * Keys that the schema does not name are refused everywhere. `value` is there when there is no error.
 */
export function yamlProblems<S extends z.ZodType>(
  schema: S,
  located: LocatedYaml,
): { value?: z.output<S>; problems: Problem[] } {
  if (located.value === undefined) return { problems: [...located.problems] }
  const problems = new Map<string, Problem>()
  const add = (message: string, place: { line: number; column: number }): void => {
    problems.set(`${place.line}:${place.column}:${message}`, { severity: 'error', message, ...place })
  }
  for (const { path, known } of unknownKeys(schema, located.value)) {
    const key = String(path.at(-1))
    add(at(path.slice(0, -1), `unknown key "${key}"${suggestion(key, known)}`), located.keyPosition(path))
  }
  // An empty message marks what the schema has no words of its own for.
  const result = schema.safeParse(located.value, { error: () => '' })
  for (const issue of result.success ? [] : result.error.issues.flatMap((each) => spread(each, []))) {
    const path = issue.path as Path
    if (issue.code === 'unrecognized_keys' || located.origin(path) === 'unresolved') continue
    const shown = located.origin(path) === 'file'
    add(at(path, explain(issue, valueAt(located.value, path), shown)), located.position(path))
  }
  const all = inFileOrder([...located.problems, ...problems.values()])
  return result.success && all.length === 0 ? { value: result.data, problems: all } : { problems: all }
}

/** `rules[2].effect`, as a person would point at it. */
export function pathText(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('')
}

function at(path: Path, message: string): string {
  if (path.length > 0) return `${pathText(path)}: ${message}`
  return /^(must|is) /.test(message) ? `the file ${message}` : message
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((part, step) => (part as Record<string | number, unknown> | undefined)?.[step], value)
}

/** The issues of a union's likeliest member in place of "none of the members fits". */
function spread(issue: Issue, base: Path): Issue[] {
  const here = { ...issue, path: [...base, ...issue.path] }
  if (here.code !== 'invalid_union' || here.errors.length === 0) return [here]
  const fitting = here.errors.filter((issues) => !issues.some(isOfAnotherType))
  const likeliest = fitting.toSorted((a, b) => a.length - b.length)[0]
  return likeliest === undefined ? [here] : likeliest.flatMap((each) => spread(each, here.path as Path))
}

function isOfAnotherType(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')
}

function explain(issue: Issue, value: unknown, shown: boolean): string {
  if (value === undefined) return 'is required'
  if (issue.message !== '') return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return explainType(typeWord(issue.expected), value)
    case 'invalid_value':
      return oneOf(issue.values, value, shown)
    case 'invalid_union':
      return explainUnion(issue, value, shown)
    case 'too_small':
      return `must ${bound(issue.origin, issue.minimum, issue.inclusive === false ? 'more than' : 'at least')}`
    case 'too_big':
      return `must ${bound(issue.origin, issue.maximum, issue.inclusive === false ? 'less than' : 'at most')}`
    case 'invalid_format':
      return `does not have the form of ${formatWords[issue.format] ?? 'this setting'}`
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    default:
      return 'is not valid'
  }
}

function explainType(wanted: string, value: unknown): string {
  if (wanted === typeWords.int && typeof value === 'number') return `must be ${wanted}`
  const quotes = wanted === 'a text' && typeof value !== 'object' ? '; put it in quotes' : ''
  return value === null ? `must be ${wanted}, but is empty` : `must be ${wanted}, not ${valueWord(value)}${quotes}`
}

function explainUnion(issue: Issue & { code: 'invalid_union' }, value: unknown, shown: boolean): string {
  if ('options' in issue && issue.options !== undefined) return oneOf(issue.options, value, shown)
  const first = issue.errors.flatMap((issues) => issues.slice(0, 1))
  const types = first.map((each) => (each.code === 'invalid_type' ? typeWord(each.expected) : undefined))
  const values = first.flatMap((each) => (each.code === 'invalid_value' ? each.values : []))
  const choices = [...new Set(types.filter((word) => word !== undefined))]
  if (values.length > 0) choices.push(...values.map(String))
  return choices.length === 0 ? 'is not valid' : explainType(choices.join(' or '), value)
}

function oneOf(values: readonly unknown[], value: unknown, shown: boolean): string {
  const words = values.map(String)
  const hint = shown && typeof value === 'string' ? suggestion(value, words) : ''
  return words.length === 1 ? `must be ${words[0]}${hint}` : `must be one of ${words.join(', ')}${hint}`
}

function bound(origin: string, limit: number | bigint, relation: string): string {
  if (origin === 'string') {
    return limit === 1 && relation === 'at least' ? 'not be empty' : `have ${relation} ${limit} characters`
  }
  if (origin === 'number' || origin === 'int' || origin === 'bigint') return `be ${relation} ${limit}`
  return limit === 1 && relation === 'at least' ? 'not be empty' : `have ${relation} ${limit} entries`
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'empty',
}

const formatWords: Readonly<Record<string, string>> = {
  url: 'a URL',
  email: 'an e-mail address',
  hostname: 'a host name',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  datetime: 'a date and time (ISO 8601)',
}

function typeWord(expected: string): string {
  return typeWords[expected] ?? expected
}

function valueWord(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return typeWords[typeof value] ?? typeof value
}
