/** Our tables in the form that `field-layout.ts` compares, read the way the codec reads them. */
import { defaultMaker, layoutOf, mayBeNull, type Form } from '../src/codec-fields.ts'
import type { Field, Fields } from '../src/schema.ts'
import type { FieldLayout } from './field-layout.ts'

/** How a message with these fields looks in this form according to our table. */
export function layoutOfTable(fields: Fields, form: Form, prefix = ''): FieldLayout[] {
  const { positional, tagged } = layoutOf(fields, form)
  const inWireOrder = [...positional.map((entry) => ({ ...entry, tag: null })), ...tagged]
  return inWireOrder.flatMap(({ name, field, tag }) => {
    const isArray = field.type === 'array'
    const inner = isArray ? field.element : field
    if (inner === undefined) throw new Error(`${prefix}${name}: array without element`)
    const path = prefix + name + (isArray ? '[]' : '')
    const layout: FieldLayout = {
      path,
      type: isArray ? `array of ${elementType(inner)}` : inner.type,
      nullable: mayBeNull(field, form),
      default: defaultOf(field),
      ignorable: field.options.ignorable ?? false,
      tag,
    }
    return [layout, ...(inner.fields === undefined ? [] : layoutOfTable(inner.fields, form, `${path}.`))]
  })
}

/** Kafka's elements have no options: no versions, no null, no default of their own. One of ours that has shows here. */
function elementType(element: Field): string {
  const options = Object.keys(element.options)
  return options.length === 0 ? element.type : `${element.type} with ${options.join(', ')}`
}

function defaultOf(field: Field): FieldLayout['default'] {
  const value = defaultMaker(field)()
  const isEmpty = Buffer.isBuffer(value) || Array.isArray(value) ? value.length === 0 : field.type === 'struct'
  return value !== null && typeof value === 'object' && isEmpty ? 'empty' : (value as FieldLayout['default'])
}
