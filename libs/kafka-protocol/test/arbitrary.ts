/** Generated values for every table, for round trips and as seeds of mutations. Tests only. */
import fc from 'fast-check'
import {
  defaultMaker,
  elementOf,
  fieldsOf,
  largestTag,
  layoutOf,
  mayBeNull,
  type AnyStruct,
  type Form,
} from '../src/codec-fields.ts'
import { isFlexible } from '../src/codec.ts'
import type { Api, Field, Fields, UnknownTag } from '../src/schema.ts'

/** Above every tag that a table knows. */
const firstUnknownTag = 1000

/**
 * Values that the version can carry: fields that it lacks hold their default, fields that it has hold anything of their type,
 * with null and unknown tagged fields where the version allows them. Decoding the encoded value gives an equal one.
 */
export function messageArbitrary(
  api: Api,
  version: number,
  direction: 'request' | 'response',
): fc.Arbitrary<AnyStruct> {
  return structArbitrary(api[direction], { version, flexible: isFlexible(api, version) })
}

/** Every (API, version) that has a table. */
export function apiVersionPairs(apis: Iterable<Api>): { api: Api; version: number }[] {
  return [...apis].flatMap((api) => {
    const [min, max] = api.versions
    return Array.from({ length: max - min + 1 }, (_, index) => ({ api, version: min + index }))
  })
}

function structArbitrary(fields: Fields, form: Form): fc.Arbitrary<AnyStruct> {
  const { positional, tagged, absent } = layoutOf(fields, form)
  const known: Record<string, fc.Arbitrary<unknown>> = {}
  for (const { name, field } of [...positional, ...tagged]) known[name] = fieldArbitrary(field, form)
  for (const { name, field } of absent) known[name] = fc.constant(null).map(defaultMaker(field))
  const struct = fc.record(known)
  if (!form.flexible) return struct
  return fc
    .tuple(struct, fc.option(unknownTags, { nil: undefined, freq: 8 }))
    .map(([value, tags]) => (tags === undefined ? value : { ...value, unknownTags: tags }))
}

const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array))

const unknownTags: fc.Arbitrary<UnknownTag[]> = fc
  .uniqueArray(fc.integer({ min: firstUnknownTag, max: largestTag }), { minLength: 1, maxLength: 3 })
  .chain((tags) =>
    fc.tuple(...tags.toSorted((a, b) => a - b).map((tag) => fc.record({ tag: fc.constant(tag), bytes }))),
  )

function fieldArbitrary(field: Field, form: Form): fc.Arbitrary<unknown> {
  const present = presentArbitrary(field, form)
  return mayBeNull(field, form) ? fc.option(present) : present
}

function presentArbitrary(field: Field, form: Form): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f })
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff })
    case 'int32':
      return fc.integer()
    case 'int64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff })
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffff_ffff })
    case 'bool':
      return fc.boolean()
    case 'float64':
      return fc.double()
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString('base64url'))
    case 'string':
      return fc.string({ unit: 'binary', maxLength: 12 })
    case 'bytes':
    case 'records':
      return bytes
    case 'array':
      return fc.array(fieldArbitrary(elementOf(field), form), { maxLength: 3 })
    case 'struct':
      return structArbitrary(fieldsOf(field), form)
  }
}
