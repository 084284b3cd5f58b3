import { faultAt, ValueFault } from './codec-fault.ts'
import {
  defaultMaker,
  elementOf,
  fieldsOf,
  largestTag,
  layoutOf,
  leastBytes,
  longestStringBytes,
  mayBeNull,
  nullFault,
  type AnyStruct,
  type Form,
  type Layout,
} from './codec-fields.ts'
import type { ByteReader } from './codec-reader.ts'
import type { Field, Fields, UnknownTag } from './schema.ts'

export type Decode<T = unknown> = (reader: ByteReader) => T

/** Compiles the table of a struct for one version. */
export function structDecoder(fields: Fields, form: Form): Decode<AnyStruct> {
  const layout = layoutOf(fields, form)
  const names = layout.positional.map(({ name }) => name)
  const decoders = layout.positional.map(({ field }) => fieldDecoder(field, form))
  const blank = blankMaker(fields, layout)
  const decodeTags = form.flexible ? tagsDecoder(layout, form) : undefined
  return (reader) => {
    const struct = blank()
    for (let i = 0; i < decoders.length; i++) {
      try {
        struct[names[i]!] = decoders[i]!(reader)
      } catch (error) {
        throw faultAt(`.${names[i]!}`, error)
      }
    }
    decodeTags?.(reader, struct)
    return struct
  }
}

/** Structs with all their properties in place, so that all of one table share a shape; what is on the wire overwrites them. */
function blankMaker(fields: Fields, layout: Layout): () => AnyStruct {
  const template: AnyStruct = {}
  const makers: [string, () => unknown][] = []
  const positional = new Set(layout.positional.map(({ name }) => name))
  for (const [name, field] of Object.entries(fields)) {
    template[name] = undefined
    if (positional.has(name)) continue
    const makeDefault = defaultMaker(field)
    template[name] = makeDefault()
    if (typeof template[name] === 'object' && template[name] !== null) makers.push([name, makeDefault])
  }
  return () => {
    const struct = { ...template }
    for (const [name, makeDefault] of makers) struct[name] = makeDefault()
    return struct
  }
}

function tagsDecoder(layout: Layout, form: Form): (reader: ByteReader, struct: AnyStruct) => void {
  const known = new Map(
    layout.tagged.map(({ tag, name, field }) => [tag, { name, decode: fieldDecoder(field, form) }] as const),
  )
  return (reader, struct) => {
    const count = reader.varint()
    let previous = -1
    const unknown: UnknownTag[] = []
    for (let i = 0; i < count; i++) {
      const tag = reader.varint()
      if (tag <= previous) throw new ValueFault('malformed', `tag ${tag} after tag ${previous}`)
      if (tag > largestTag) throw new ValueFault('malformed', `tag ${tag}`)
      previous = tag
      const size = reader.varint()
      const entry = known.get(tag)
      if (entry === undefined) unknown.push({ tag, bytes: reader.slice(size) })
      else struct[entry.name] = decodeSized(reader, size, entry.name, entry.decode)
    }
    if (unknown.length > 0) struct.unknownTags = unknown
  }
}

/** Decodes within exactly `size` bytes. */
function decodeSized(reader: ByteReader, size: number, name: string, decode: Decode): unknown {
  const outerEnd = reader.end
  const start = reader.take(size)
  reader.offset = start
  reader.end = start + size
  try {
    const value = decode(reader)
    if (reader.remaining > 0) throw new ValueFault('malformed', `${reader.remaining} bytes too many in a tagged field`)
    return value
  } catch (error) {
    throw faultAt(`.${name}`, error)
  } finally {
    reader.end = outerEnd
  }
}

function fieldDecoder(field: Field, form: Form): Decode {
  const nullable = mayBeNull(field, form)
  switch (field.type) {
    case 'int8':
      return (reader) => reader.int8()
    case 'int16':
      return (reader) => reader.int16()
    case 'int32':
      return (reader) => reader.int32()
    case 'int64':
      return (reader) => reader.int64()
    case 'uint16':
      return (reader) => reader.uint16()
    case 'uint32':
      return (reader) => reader.uint32()
    case 'bool':
      return (reader) => reader.int8() !== 0
    case 'float64':
      return (reader) => reader.float64()
    case 'uuid':
      return (reader) => reader.uuid()
    case 'string':
      return lengthDelimited(form.flexible ? compactLength : shortLength, nullable, readText)
    case 'bytes':
    case 'records':
      return lengthDelimited(form.flexible ? compactLength : longLength, nullable, readSlice)
    case 'array':
      return arrayDecoder(elementOf(field), form, nullable)
    case 'struct':
      return nullable ? nullableDecoder(structDecoder(fieldsOf(field), form)) : structDecoder(fieldsOf(field), form)
  }
}

/** The three encodings of a length. -1 is null; other negative lengths are refused by the caller. */
const shortLength: Decode<number> = (reader) => reader.int16()
const longLength: Decode<number> = (reader) => reader.int32()
const compactLength: Decode<number> = (reader) => reader.varint() - 1

const readSlice = (reader: ByteReader, length: number): Buffer => reader.slice(length)
const readText = (reader: ByteReader, length: number): string => {
  if (length > longestStringBytes) throw new ValueFault('oversize', `string of ${length} bytes`)
  return reader.text(length)
}

function lengthDelimited(
  readLength: Decode<number>,
  nullable: boolean,
  read: (reader: ByteReader, length: number) => unknown,
): Decode {
  return (reader) => {
    const length = readLength(reader)
    if (length >= 0) return read(reader, length)
    return nullOr(length, nullable)
  }
}

function nullOr(length: number, nullable: boolean): null {
  if (length < -1) throw new ValueFault('oversize', `negative length ${length}`)
  if (!nullable) throw nullFault()
  return null
}

function arrayDecoder(element: Field, form: Form, nullable: boolean): Decode {
  const decode = fieldDecoder(element, form)
  // A struct without fields would let a few bytes declare any count.
  const leastElementBytes = Math.max(1, leastBytes(element, form))
  const readCount = form.flexible ? compactLength : longLength
  return (reader) => {
    const count = readCount(reader)
    if (count < 0) return nullOr(count, nullable)
    if (count * leastElementBytes > reader.remaining) {
      throw new ValueFault('truncated', `${count} elements in ${reader.remaining} bytes`)
    }
    const elements: unknown[] = []
    for (let i = 0; i < count; i++) {
      try {
        elements.push(decode(reader))
      } catch (error) {
        throw faultAt(`[${i}]`, error)
      }
    }
    return elements
  }
}

function nullableDecoder(decode: Decode): Decode {
  return (reader) => {
    const present = reader.int8()
    if (present === 1) return decode(reader)
    if (present === -1) return null
    throw new ValueFault('malformed', `presence byte ${present} of a struct`)
  }
}
