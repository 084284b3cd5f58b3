/**
 * One message at one version, flat and in wire order: the common form in which Kafka's definitions and our tables are
 * compared. Tagged fields stand after the others of their struct, in rising tag order, as on the wire.
 */
import { includes, parseVersions, type FieldDefinition, type MessageDefinition } from './message-definitions.ts'

export interface FieldLayout {
  /** `topics[].partitions[].index`: nesting is part of the name. */
  readonly path: string
  /** A primitive's name, `struct`, or either one in `array of …`. */
  readonly type: string
  readonly nullable: boolean
  /** What an absent field is read as. Empty collections and structs without own default are `empty`. */
  readonly default: string | number | bigint | boolean | null
  readonly ignorable: boolean
  readonly tag: number | null
}

const aspects = ['type', 'nullable', 'default', 'ignorable', 'tag'] as const

/** How the message looks at this version according to Kafka. */
export function layoutOfDefinition(message: MessageDefinition, version: number): FieldLayout[] {
  const structs = new Map((message.commonStructs ?? []).map((struct) => [struct.name, struct.fields]))
  const flatten = (fields: readonly FieldDefinition[], prefix: string): FieldLayout[] =>
    inWireOrder(fields, version).flatMap((field) => {
      const isArray = field.type.startsWith('[]')
      const element = isArray ? field.type.slice(2) : field.type
      const children = field.fields ?? structs.get(element)
      const type = children === undefined ? element : 'struct'
      const path = prefix + field.name.charAt(0).toLowerCase() + field.name.slice(1) + (isArray ? '[]' : '')
      const nullable = includes(parseVersions(field.nullableVersions ?? 'none'), version)
      const layout: FieldLayout = {
        path,
        type: isArray ? `array of ${type}` : type,
        nullable,
        default: defaultOf(field, isArray ? 'array' : type, nullable),
        ignorable: field.ignorable ?? false,
        tag: tagAt(field, version),
      }
      return [layout, ...(children === undefined ? [] : flatten(children, `${path}.`))]
    })
  return flatten(message.fields, '')
}

/** What differs, one line each; empty when both are the same. */
export function differences(expected: readonly FieldLayout[], actual: readonly FieldLayout[]): string[] {
  const actualByPath = new Map(actual.map((field) => [field.path, field]))
  const expectedPaths = expected.map((field) => field.path)
  const found: string[] = []
  for (const field of expected) {
    const ours = actualByPath.get(field.path)
    if (ours === undefined) found.push(`${field.path}: missing`)
    else {
      for (const aspect of aspects) {
        if (ours[aspect] !== field[aspect]) {
          found.push(`${field.path}: ${aspect} is ${String(ours[aspect])}, not ${String(field[aspect])}`)
        }
      }
    }
  }
  for (const { path } of actual) if (!expectedPaths.includes(path)) found.push(`${path}: unknown to Kafka`)
  const order = actual.map((field) => field.path)
  if (found.length === 0 && order.join() !== expectedPaths.join()) {
    found.push(`order is ${order.join(', ')}, not ${expectedPaths.join(', ')}`)
  }
  return found
}

function inWireOrder(fields: readonly FieldDefinition[], version: number): FieldDefinition[] {
  const present = fields.filter((field) => includes(parseVersions(field.versions), version))
  const tagged = present.filter((field) => tagAt(field, version) !== null)
  return [
    ...present.filter((field) => tagAt(field, version) === null),
    ...tagged.toSorted((one, other) => Number(one.tag) - Number(other.tag)),
  ]
}

function tagAt(field: FieldDefinition, version: number): number | null {
  if (field.tag === undefined) return null
  return includes(parseVersions(field.taggedVersions ?? 'none'), version) ? field.tag : null
}

/** Kafka's defaults when a definition names none: zero, false or empty, but null for records that may be null. */
function defaultOf(field: FieldDefinition, type: string, nullable: boolean): FieldLayout['default'] {
  const declared = field.default === undefined ? undefined : String(field.default)
  if (declared === 'null') return null
  switch (type) {
    case 'array':
    case 'struct':
    case 'bytes':
      return 'empty'
    case 'records':
      return nullable ? null : 'empty'
    case 'uuid':
      return 'AAAAAAAAAAAAAAAAAAAAAA'
    case 'string':
      return declared ?? ''
    case 'bool':
      return declared?.toLowerCase() === 'true'
    case 'int64':
      return BigInt(declared ?? 0)
    default:
      return Number(declared ?? 0)
  }
}
