/**
 * Tables of Kafka's messages, written as plain objects of these builders. The key order of an object is the field order
 * on the wire. TypeScript types of the values are inferred, so a table is stated once.
 *
 * A table says when a field exists (`since`, `until`), when it may be null (`nullable`), and when it travels as a tagged
 * field (`tag`). What is left out holds for every version of the message.
 */

export type PrimitiveType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint16'
  | 'uint32'
  | 'bool'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

/** How a field is laid out on the wire. */
export type WireType = PrimitiveType | 'array' | 'struct'

/** In which versions a field is there and how; what is left out holds for all of them. */
export interface FieldOptions<Default = unknown> {
  /** First message version that has the field. */
  readonly since?: number
  /** Last message version that has the field. */
  readonly until?: number
  /** First message version in which the field may be null. */
  readonly nullable?: number
  /** Number of the tagged field; without it the field is positional. */
  readonly tag?: number
  /** First version in which the field is tagged, if that is later than `since`. */
  readonly taggedSince?: number
  /** Value of a field that a version lacks, or that a tagged section leaves out. Without it: Kafka's zero of the type. */
  readonly default?: Default
  /** A value other than the default may be dropped silently in versions that lack the field. */
  readonly ignorable?: boolean
}

/** One field: its wire type, its options, and (as types only) what it decodes to and what it may be encoded from. */
export class Field<out Value = unknown, out Input = unknown, out Omittable extends boolean = boolean> {
  /** Types only; there is no such property at run time. */
  declare readonly inferred: { value: Value; input: Input; omittable: Omittable }
  readonly type: WireType
  readonly options: FieldOptions
  /** The element of an array. */
  readonly element: Field | undefined
  /** The fields of a struct, in wire order. */
  readonly fields: Fields | undefined

  constructor(type: WireType, options: FieldOptions = {}, inner: { element?: Field; fields?: Fields } = {}) {
    this.type = type
    this.options = options
    this.element = inner.element
    this.fields = inner.fields
  }
}

/** The table of a struct: its fields by name, in the order in which they travel. */
export interface Fields {
  readonly [name: string]: Field
}

/** A tagged field that no table knows. It is kept and written back. */
export interface UnknownTag {
  readonly tag: number
  readonly bytes: Buffer
}

interface WithUnknownTags {
  unknownTags?: UnknownTag[]
}

/** The value that a struct with these fields decodes to: every field is present. */
export type StructValue<F extends Fields> = { -readonly [K in keyof F]: F[K]['inferred']['value'] } & WithUnknownTags

type OmittableKeys<F extends Fields> = {
  [K in keyof F]: F[K]['inferred']['omittable'] extends true ? K : never
}[keyof F]

/** The value that a struct may be encoded from: fields that have a default or that some version lacks may be left out. */
export type StructInput<F extends Fields> = {
  readonly [K in Exclude<keyof F, OmittableKeys<F>>]: F[K]['inferred']['input']
} & { readonly [K in OmittableKeys<F>]?: F[K]['inferred']['input'] | undefined } & {
  readonly unknownTags?: readonly UnknownTag[]
}

type OrNull<O, T> = O extends { nullable: number } ? T | null : T
type IsOmittable<O> = O extends { since: number } | { until: number } | { tag: number } | { default: unknown }
  ? true
  : false
type FieldOf<O, Value, Input = Value> = Field<OrNull<O, Value>, OrNull<O, Input>, IsOmittable<O>>

type Element = Field | Fields
type ElementValue<E extends Element> = E extends Field<infer V> ? V : E extends Fields ? StructValue<E> : never
type ElementInput<E extends Element> = E extends Field<unknown, infer I> ? I : E extends Fields ? StructInput<E> : never

type None = Record<never, never>

function primitive<Value>(type: PrimitiveType) {
  return <O extends FieldOptions<Value | null> = None>(options?: O): FieldOf<O, Value> => new Field(type, options)
}

/** Signed 8-bit integer. */
export const int8 = primitive<number>('int8')
/** Signed 16-bit integer. */
export const int16 = primitive<number>('int16')
/** Signed 32-bit integer. */
export const int32 = primitive<number>('int32')
/** Signed 64-bit integer, a `bigint`. */
export const int64 = primitive<bigint>('int64')
/** Unsigned 16-bit integer. */
export const uint16 = primitive<number>('uint16')
/** Unsigned 32-bit integer. */
export const uint32 = primitive<number>('uint32')
/** One byte; anything but 0 is true. */
export const bool = primitive<boolean>('bool')
/** IEEE 754 double. */
export const float64 = primitive<number>('float64')
/** 16 bytes as base64url text without padding: 22 characters, Kafka's own form. */
export const uuid = primitive<string>('uuid')
/** Strict UTF-8. */
export const string = primitive<string>('string')
/** Opaque bytes; decoded as a slice of the frame, not a copy. */
export const bytes = primitive<Buffer>('bytes')
/** Record batches, opaque here; decoded as a slice of the frame, not a copy. */
export const records = primitive<Buffer>('records')

/** A sequence of one field, or of structs with these fields. */
export function array<E extends Element, O extends FieldOptions<null> = None>(
  element: E,
  options?: O,
): FieldOf<O, ElementValue<E>[], readonly ElementInput<E>[]> {
  return new Field('array', options, { element: element instanceof Field ? element : struct(element) })
}

/** Fields in a row. Where it may be null, one byte before it says whether it is there. */
export function struct<F extends Fields, O extends FieldOptions<null> = None>(
  fields: F,
  options?: O,
): FieldOf<O, StructValue<F>, StructInput<F>> {
  return new Field('struct', options, { fields })
}

/** What holds for both messages of an API. */
export interface ApiRanges {
  /** Lowest and highest version that has a table. */
  readonly versions: readonly [min: number, max: number]
  /** First version in the flexible encoding (KIP-482). */
  readonly flexible: number | 'never'
  /** First version that a broker offers only with unstable API versions enabled. */
  readonly unstableFrom?: number
}

/** One API: its key, name, ranges and the tables of its request and response. */
export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> extends ApiRanges {
  readonly key: number
  readonly name: string
  readonly request: Request
  readonly response: Response
}

/** States the table of one API. */
export function api<Request extends Fields, Response extends Fields>(
  key: number,
  name: string,
  ranges: ApiRanges,
  messages: { request: Request; response: Response },
): Api<Request, Response> {
  return { key, name, ...ranges, ...messages }
}

/** The decoded request of an API. */
export type RequestOf<A extends Api> = StructValue<A['request']>
/** The decoded response of an API. */
export type ResponseOf<A extends Api> = StructValue<A['response']>
/** What a request of an API may be encoded from; a decoded request always qualifies. */
export type RequestInputOf<A extends Api> = StructInput<A['request']>
/** What a response of an API may be encoded from; a decoded response always qualifies. */
export type ResponseInputOf<A extends Api> = StructInput<A['response']>
