import { faultAt, ValueFault } from './codec-fault.ts'
import {
  defaultMaker,
  defaultTest,
  elementOf,
  fieldsOf,
  largestTag,
  layoutOf,
  longestStringBytes,
  mayBeNull,
  nullFault,
  type AnyStruct,
  type Form,
  type Layout,
  type NamedField,
} from './codec-fields.ts'
import type { ByteWriter } from './codec-writer.ts'
import type { Field, Fields, UnknownTag } from './schema.ts'

export type Encode<T> = (writer: ByteWriter, value: T) => void

interface TagWriter {
  readonly tag: number
  write(writer: ByteWriter): void
}

/** Compiles the table of a struct for one version. */
export function structEncoder(fields: Fields, form: Form): Encode<AnyStruct> {
  const layout = layoutOf(fields, form)
  const positional = layout.positional.map(({ name, field }) => ({
    name,
    encode: fieldEncoder(field, form),
    fallback: fallbackOf(field),
  }))
  const refuseLost = lostValueCheck(layout.absent, form)
  const encodeTags = form.flexible ? tagsEncoder(layout, form) : refuseTags
  return (writer, struct) => {
    refuseLost(struct)
    for (const { name, encode, fallback } of positional) {
      const value = struct[name]
      try {
        encode(writer, value === undefined ? fallback() : value)
      } catch (error) {
        throw faultAt(`.${name}`, error)
      }
    }
    encodeTags(writer, struct)
  }
}

/** What stands for a property that the caller left out; only fields whose type lets them be left out have one. */
function fallbackOf(field: Field): () => unknown {
  const { since, until, tag, default: stated } = field.options
  if (since !== undefined || until !== undefined || tag !== undefined || stated !== undefined)
    return defaultMaker(field)
  return () => {
    throw new ValueFault('malformed', 'no value given')
  }
}

/** A value that the version cannot carry must not be lost unseen, unless Kafka declares that it may. */
function lostValueCheck(absent: readonly NamedField[], form: Form): (struct: AnyStruct) => void {
  const kept = absent
    .filter(({ field }) => field.options.ignorable !== true)
    .map(({ name, field }) => ({ name, isDefault: defaultTest(field) }))
  return (struct) => {
    for (const { name, isDefault } of kept) {
      const value = struct[name]
      if (value !== undefined && !isDefault(value)) {
        throw faultAt(`.${name}`, new ValueFault('malformed', `version ${form.version} cannot carry this value`))
      }
    }
  }
}

function refuseTags(_writer: ByteWriter, struct: AnyStruct): void {
  if (struct.unknownTags !== undefined && struct.unknownTags.length > 0) {
    throw new ValueFault('malformed', 'tagged fields in a version that has none')
  }
}

function tagsEncoder(layout: Layout, form: Form): Encode<AnyStruct> {
  const known = layout.tagged.map(({ tag, name, field }) => ({
    tag,
    name,
    encode: fieldEncoder(field, form),
    isDefault: defaultTest(field),
  }))
  return (writer, struct) => {
    const present: TagWriter[] = (struct.unknownTags ?? []).map(unknownTagWriter)
    for (const { tag, name, encode, isDefault } of known) {
      const value = struct[name]
      if (value === undefined || isDefault(value)) continue
      present.push({ tag, write: (to) => encodeNamed(to, name, encode, value) })
    }
    present.sort((a, b) => a.tag - b.tag)
    writer.varint(present.length)
    let previous = -1
    for (const entry of present) {
      if (entry.tag <= previous) throw new ValueFault('malformed', `tag ${entry.tag} twice`)
      previous = entry.tag
      writer.varint(entry.tag)
      writer.sized(() => entry.write(writer))
    }
  }
}

function unknownTagWriter({ tag, bytes }: UnknownTag): TagWriter {
  if (!Number.isInteger(tag) || tag < 0 || tag > largestTag) throw new ValueFault('malformed', `tag ${tag}`)
  return { tag, write: (writer) => writer.slice(bytes) }
}

function encodeNamed(writer: ByteWriter, name: string, encode: Encode<unknown>, value: unknown): void {
  try {
    encode(writer, value)
  } catch (error) {
    throw faultAt(`.${name}`, error)
  }
}

function fieldEncoder(field: Field, form: Form): Encode<unknown> {
  const encode = presentEncoder(field, form) as Encode<unknown>
  const encodeNull = mayBeNull(field, form) ? nullEncoder(field, form) : refuseNull
  return (writer, value) => (value === null ? encodeNull(writer) : encode(writer, value))
}

function refuseNull(): never {
  throw nullFault()
}

function nullEncoder(field: Field, form: Form): (writer: ByteWriter) => void {
  if (field.type === 'struct') return (writer) => writer.int8(-1)
  if (form.flexible) return (writer) => writer.varint(0)
  return field.type === 'string' ? (writer) => writer.int16(-1) : (writer) => writer.int32(-1)
}

/** Encoders of one type each; the table says which values reach them. */
function presentEncoder(field: Field, form: Form): Encode<never> {
  switch (field.type) {
    case 'int8':
      return (writer, value: number) => writer.int8(value)
    case 'int16':
      return (writer, value: number) => writer.int16(value)
    case 'int32':
      return (writer, value: number) => writer.int32(value)
    case 'int64':
      return (writer, value: bigint) => writer.int64(value)
    case 'uint16':
      return (writer, value: number) => writer.uint16(value)
    case 'uint32':
      return (writer, value: number) => writer.uint32(value)
    case 'bool':
      return (writer, value: boolean) => writer.int8(value ? 1 : 0)
    case 'float64':
      return (writer, value: number) => writer.float64(value)
    case 'uuid':
      return (writer, value: string) => writer.uuid(value)
    case 'string':
      return form.flexible ? encodeCompactString : encodeString
    case 'bytes':
    case 'records':
      return form.flexible ? encodeCompactBytes : encodeBytes
    case 'array':
      return arrayEncoder(elementOf(field), form)
    case 'struct':
      return mayBeNull(field, form)
        ? presentStructEncoder(structEncoder(fieldsOf(field), form))
        : structEncoder(fieldsOf(field), form)
  }
}

const encodeString: Encode<string> = (writer, value) => {
  const length = textBytes(value)
  writer.int16(length)
  writer.text(value, length)
}
const encodeCompactString: Encode<string> = (writer, value) => {
  const length = textBytes(value)
  writer.varint(length + 1)
  writer.text(value, length)
}
const encodeBytes: Encode<Uint8Array> = (writer, value) => {
  writer.int32(value.length)
  writer.slice(value)
}
const encodeCompactBytes: Encode<Uint8Array> = (writer, value) => {
  writer.varint(value.length + 1)
  writer.slice(value)
}

function textBytes(value: string): number {
  // A lone surrogate would be written as another character, so that a different name went out than was decided on.
  if (!value.isWellFormed()) throw new ValueFault('malformed', 'text with a lone surrogate')
  const length = Buffer.byteLength(value, 'utf8')
  if (length > longestStringBytes) throw new ValueFault('oversize', `string of ${length} bytes`)
  return length
}

function arrayEncoder(element: Field, form: Form): Encode<readonly unknown[]> {
  const encode = fieldEncoder(element, form)
  return (writer, elements) => {
    if (form.flexible) writer.varint(elements.length + 1)
    else writer.int32(elements.length)
    for (let i = 0; i < elements.length; i++) {
      try {
        encode(writer, elements[i])
      } catch (error) {
        throw faultAt(`[${i}]`, error)
      }
    }
  }
}

function presentStructEncoder(encode: Encode<AnyStruct>): Encode<AnyStruct> {
  return (writer, struct) => {
    writer.int8(1)
    encode(writer, struct)
  }
}
