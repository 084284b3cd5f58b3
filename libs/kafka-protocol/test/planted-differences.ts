/**
 * Copies of a table with one thing wrong each. A comparison that lets one of them pass would also let a mistake of ours
 * pass.
 */
import { Field, type Api, type FieldOptions, type Fields } from '../src/schema.ts'

export interface Planted {
  readonly what: string
  readonly table: Api
}

type Change = (fields: [string, Field][], index: number) => [string, Field][]

/** Every change to every field that exists in one of the covered versions, and to what holds for the whole API. */
export function* plantDifferences(table: Api, covered: readonly [number, number]): Generator<Planted> {
  const [lowest, highest] = table.versions
  yield { what: 'name', table: { ...table, name: `${table.name}s` } }
  yield { what: 'lowest version', table: { ...table, versions: [lowest + 1, highest] } }
  yield { what: 'highest version', table: { ...table, versions: [lowest, covered[1] - 1] } }
  yield { what: 'flexible', table: { ...table, flexible: table.flexible === 'never' ? 0 : table.flexible + 1 } }
  yield { what: 'unstable', table: { ...table, unstableFrom: (table.unstableFrom ?? 0) + 1 } }
  for (const direction of ['request', 'response'] as const) {
    for (const { what, fields } of variants(table[direction], covered, table.flexible)) {
      yield { what: `${direction}.${what}`, table: { ...table, [direction]: fields } }
    }
  }
}

function* variants(
  fields: Fields,
  covered: readonly [number, number],
  flexible: Api['flexible'],
): Generator<{ what: string; fields: Fields }> {
  const entries = Object.entries(fields)
  for (const [index, [name, field]] of entries.entries()) {
    const [from, to] = lifetime(field, covered)
    if (from > to) continue
    const changes = changesOf(field, entries[index + 1]?.[1], [from, to])
    // Only a flexible version has tagged fields at all; a stray tag elsewhere changes nothing.
    if (flexible !== 'never' && to >= flexible) changes.push(['tag', otherTag(field, [from, to])])
    for (const [what, change] of changes) {
      yield { what: `${name}: ${what}`, fields: Object.fromEntries(change([...entries], index)) }
    }
    const inner = field.type === 'array' ? field.element?.fields : field.fields
    for (const variant of inner === undefined ? [] : variants(inner, [from, to], flexible)) {
      const changed = withInner(field, variant.fields)
      yield { what: `${name}.${variant.what}`, fields: Object.fromEntries(replace(changed)([...entries], index)) }
    }
  }
}

function changesOf(field: Field, next: Field | undefined, [from, to]: readonly [number, number]): [string, Change][] {
  const { options } = field
  const nullable = options.nullable !== undefined && options.nullable <= to
  const changes: [string, Change][] = [
    ['renamed', (fields, index) => fields.with(index, [`${fields[index]?.[0]}x`, field])],
    ['left out', (fields, index) => fields.toSpliced(index, 1)],
    ['one more', (fields, index) => fields.toSpliced(index, 0, ['planted', new Field('int8')])],
    ['later', withOptions(field, { since: from + 1 })],
    ['gone earlier', withOptions(field, { until: to - 1 })],
    ['nullable', nullable ? withOptions(field, {}, 'nullable') : withOptions(field, { nullable: from })],
    ['ignorable', withOptions(field, { ignorable: options.ignorable !== true })],
    ['default', withOptions(field, { default: 'planted' })],
    ['type', replace(new Field(field.type === 'int16' ? 'uint16' : 'int16', options))],
    ['nesting', replace(new Field('array', options, { element: field }))],
  ]
  const element = field.element
  if (element !== undefined && element.fields === undefined) {
    const other = new Field(element.type === 'int16' ? 'uint16' : 'int16')
    changes.push(['element type', replace(new Field('array', options, { element: other }))])
    const nullableElement = new Field(element.type, { nullable: from })
    changes.push(['element option', replace(new Field('array', options, { element: nullableElement }))])
  }
  // Neighbours that never meet in one version, and tagged ones, have no order of their own on the wire.
  if (next !== undefined && options.tag === undefined && next.options.tag === undefined) {
    const [nextFrom, nextTo] = lifetime(next, [from, to])
    if (nextFrom <= nextTo) changes.push(['order', swapWithNext])
  }
  return changes
}

function otherTag(field: Field, [from, to]: readonly [number, number]): Change {
  const { tag, taggedSince = from } = field.options
  return tag !== undefined && taggedSince <= to
    ? withOptions(field, {}, 'tag')
    : withOptions(field, { tag: 99, taggedSince: from })
}

const swapWithNext: Change = (fields, index) => [
  ...fields.slice(0, index),
  ...fields.slice(index, index + 2).toReversed(),
  ...fields.slice(index + 2),
]

function replace(field: Field): Change {
  return (fields, index) => fields.map((entry, at) => (at === index ? [entry[0], field] : entry))
}

function withOptions(field: Field, changed: FieldOptions, removed?: keyof FieldOptions): Change {
  const options = Object.entries({ ...field.options, ...changed }).filter(([name]) => name !== removed)
  const inner = { ...(field.element && { element: field.element }), ...(field.fields && { fields: field.fields }) }
  return replace(new Field(field.type, Object.fromEntries(options), inner))
}

function withInner(field: Field, fields: Fields): Field {
  if (field.type !== 'array') return new Field(field.type, field.options, { fields })
  return new Field('array', field.options, { element: new Field('struct', field.element?.options, { fields }) })
}

function lifetime({ options }: Field, [from, to]: readonly [number, number]): [number, number] {
  return [Math.max(options.since ?? from, from), Math.min(options.until ?? to, to)]
}
