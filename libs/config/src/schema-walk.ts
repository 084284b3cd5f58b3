import type { z } from 'zod'
import type { Path } from './located-yaml.ts'

type Any = z.core.$ZodType
type Definition = z.core.$ZodTypes['_zod']['def']

/** A key that the schema does not know, with the keys that it would know there. */
export type UnknownKey = { readonly path: Path; readonly known: readonly string[] }

/** Every key in the value that no object of the schema names, whether or not the schema says strict. */
export function unknownKeys(schema: Any, value: unknown, path: Path = []): UnknownKey[] {
  const definition = definitionFor(schema, value)
  if (definition === undefined || value === null || typeof value !== 'object') return []
  const found: UnknownKey[] = []
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const part = childOf(definition, key)
    const here = [...path, key]
    if (part !== undefined) {
      found.push(...unknownKeys(part, (value as Record<string | number, unknown>)[key], here))
    } else if (definition.type === 'object') {
      found.push({ path: here, known: Object.keys(definition.shape) })
    }
  }
  return found
}

/** The schema of one part of a value, as far as the schema tells. */
export function childSchema(schema: Any, value: unknown, key: string | number): Any | undefined {
  const definition = definitionFor(schema, value)
  return definition === undefined ? undefined : childOf(definition, key)
}

/** What the schema wants of a scalar: `'number'`, `'boolean'`, …; `undefined` when that depends on more than the schema. */
export function wantedType(schema: Any, value: unknown): Definition['type'] | undefined {
  return definitionFor(schema, value)?.type
}

function childOf(definition: Definition, key: string | number): Any | undefined {
  switch (definition.type) {
    case 'object': {
      if (Object.hasOwn(definition.shape, key)) return definition.shape[key]
      const rest = definition.catchall
      return rest === undefined || rest._zod.def.type === 'never' ? undefined : rest
    }
    case 'array':
      return definition.element
    case 'record':
      return definition.valueType
    case 'tuple':
      return definition.items[Number(key)] ?? definition.rest ?? undefined
    default:
      return undefined
  }
}

/** Takes off what only wraps, and chooses the member of a union that the value is meant for. */
function definitionFor(schema: Any, value: unknown): Definition | undefined {
  const definition = (schema as z.core.$ZodTypes)._zod.def
  switch (definition.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return definitionFor(definition.innerType, value)
    case 'lazy':
      return definitionFor(definition.getter(), value)
    case 'pipe':
      return definitionFor(definition.in._zod.def.type === 'transform' ? definition.out : definition.in, value)
    case 'union': {
      const member = memberOf(definition, value)
      return member === undefined ? undefined : definitionFor(member, value)
    }
    case 'intersection':
      throw new TypeError('Intersections hide which keys are known; build the schema with extend().')
    default:
      return definition
  }
}

function memberOf(union: Definition & { type: 'union' }, value: unknown): Any | undefined {
  const discriminator = (union as { discriminator?: string }).discriminator
  if (discriminator !== undefined) {
    const tag = (value as Record<string, unknown> | null)?.[discriminator]
    return union.options.find((option) => {
      const tagSchema = childSchema(option, value, discriminator)
      return tagSchema !== undefined && accepts(tagSchema, tag)
    })
  }
  const accepting = union.options.filter((option) => accepts(option, value))
  if (accepting.length > 0) {
    return accepting.find((option) => unknownKeys(option, value).length === 0) ?? accepting[0]
  }
  const shaped = union.options.filter((option) => hasShapeOf(option, value))
  return shaped.length === 1 ? shaped[0] : undefined
}

function accepts(schema: Any, value: unknown): boolean {
  return (schema as z.ZodType).safeParse(value).success
}

function hasShapeOf(option: Any, value: unknown): boolean {
  const type = definitionFor(option, value)?.type
  if (Array.isArray(value)) return type === 'array' || type === 'tuple'
  return value !== null && typeof value === 'object' && (type === 'object' || type === 'record')
}
