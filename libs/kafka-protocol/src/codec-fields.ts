import { ValueFault } from './codec-fault.ts'
import type { Field, Fields, UnknownTag } from './schema.ts'

/** A struct whose type the compiler of tables does not know. */
export interface AnyStruct {
  [name: string]: unknown
  unknownTags?: UnknownTag[]
}

/** What decides about the bytes of a message besides its table. */
export interface Form {
  readonly version: number
  readonly flexible: boolean
}

export interface NamedField {
  readonly name: string
  readonly field: Field
}

export interface Layout {
  /** In wire order. */
  readonly positional: readonly NamedField[]
  /** In the order of their tags. */
  readonly tagged: readonly (NamedField & { readonly tag: number })[]
  readonly absent: readonly NamedField[]
}

/** Which fields a struct has in one version, and where they stand. */
export function layoutOf(fields: Fields, form: Form): Layout {
  const positional: NamedField[] = []
  const tagged: (NamedField & { tag: number })[] = []
  const absent: NamedField[] = []
  for (const [name, field] of Object.entries(fields)) {
    const { since = 0, until = Infinity, tag, taggedSince = since } = field.options
    if (form.version < since || form.version > until) absent.push({ name, field })
    else if (tag !== undefined && form.flexible && form.version >= taggedSince) tagged.push({ name, field, tag })
    else positional.push({ name, field })
  }
  tagged.sort((a, b) => a.tag - b.tag)
  return { positional, tagged, absent }
}

export function mayBeNull(field: Field, form: Form): boolean {
  const { nullable = Infinity } = field.options
  return form.version >= nullable
}

const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'
const noBytes = Buffer.alloc(0)

/** The value of a field that is not on the wire. Arrays and structs are new each time, since a caller may change them. */
export function defaultMaker(field: Field): () => unknown {
  const stated = field.options.default
  if (stated !== undefined) return () => stated
  switch (field.type) {
    case 'int64':
      return () => 0n
    case 'bool':
      return () => false
    case 'uuid':
      return () => zeroUuid
    case 'string':
      return () => ''
    case 'bytes':
      return () => noBytes
    case 'records':
      // The only type whose zero is null in Kafka, where it may be null at all.
      return field.options.nullable === undefined ? () => noBytes : () => null
    case 'array':
      return () => []
    case 'struct':
      return structDefaultMaker(fieldsOf(field))
    default:
      return () => 0
  }
}

function structDefaultMaker(fields: Fields): () => AnyStruct {
  const makers = Object.entries(fields).map(([name, field]) => [name, defaultMaker(field)] as const)
  return () => Object.fromEntries(makers.map(([name, make]) => [name, make()]))
}

/** Whether a value is the one that the field has when it is not on the wire. */
export function defaultTest(field: Field): (value: unknown) => boolean {
  const makeDefault = defaultMaker(field)
  if (makeDefault() === null) return (value) => value === null
  switch (field.type) {
    case 'array':
    case 'bytes':
    case 'records':
      return (value) => value !== null && (value as { length: number }).length === 0
    case 'struct':
      return structDefaultTest(fieldsOf(field))
    default:
      return (value) => value === makeDefault()
  }
}

function structDefaultTest(fields: Fields): (value: unknown) => boolean {
  const tests = Object.entries(fields).map(([name, field]) => [name, defaultTest(field)] as const)
  return (value) => {
    if (value === null) return false
    const struct = value as AnyStruct
    if (struct.unknownTags !== undefined && struct.unknownTags.length > 0) return false
    return tests.every(([name, isDefault]) => struct[name] === undefined || isDefault(struct[name]))
  }
}

export function fieldsOf(field: Field): Fields {
  if (field.fields === undefined) throw new TypeError(`a ${field.type} without fields`)
  return field.fields
}

export function elementOf(field: Field): Field {
  if (field.element === undefined) throw new TypeError(`a ${field.type} without an element`)
  return field.element
}

/** Fewest bytes that a field takes; what bounds a count before anything is allocated for it. */
export function leastBytes(field: Field, form: Form): number {
  switch (field.type) {
    case 'int8':
    case 'bool':
      return 1
    case 'int16':
    case 'uint16':
      return 2
    case 'int32':
    case 'uint32':
      return 4
    case 'int64':
    case 'float64':
      return 8
    case 'uuid':
      return 16
    case 'string':
      return form.flexible ? 1 : 2
    case 'bytes':
    case 'records':
    case 'array':
      return form.flexible ? 1 : 4
    case 'struct':
      return mayBeNull(field, form) ? 1 : leastStructBytes(fieldsOf(field), form)
  }
}

function leastStructBytes(fields: Fields, form: Form): number {
  let bytes = form.flexible ? 1 : 0
  for (const { field } of layoutOf(fields, form).positional) bytes += leastBytes(field, form)
  return bytes
}

/** Kafka keeps the number above for itself, and reads tags as signed. */
export const largestTag = 0x7fff_fffe

/** Longest string in either encoding. */
export const longestStringBytes = 0x7fff

export function nullFault(): ValueFault {
  return new ValueFault('malformed', 'null where this version has no null')
}
