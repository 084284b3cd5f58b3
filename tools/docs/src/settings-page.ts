/** The part of JSON Schema that our configuration schemas use. */
export type JsonSchema = {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: string
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

type Row = { readonly key: string; readonly value: string; readonly fallback: string; readonly about: string }

/** A page with every key of a service's configuration file. */
export function settingsPage(service: { name: string; title: string; schema: JsonSchema }): string {
  const rows = rowsOf(service.schema, '')
  return `${[
    `# ${service.title}: every setting`,
    '',
    `<!-- Made by \`npm run docs\` from \`${service.name} --schema\`; edits here are lost. -->`,
    '',
    `\`${service.name} --config FILE\` reads one YAML file. \`--check\` checks it, \`--print-config\` prints what it comes to with every`,
    'default filled in and secrets hidden. A key that is not listed here is refused, with its line and the nearest key that exists.',
    '`${NAME}` stands for an environment variable and `${file:/run/secrets/x}` for the content of a file; there is no other magic.',
    'Durations are written `500ms`, `20s`, `15m`, `4h`, `7d`, sizes `64KiB`, `100MiB`, addresses `127.0.0.1:9092`.',
    `An editor that knows JSON Schema can use [${service.name}.schema.json](config/${service.name}.schema.json).`,
    '',
    '| key | value | default | what it is |',
    '|---|---|---|---|',
    ...rows.map(({ key, value, fallback, about }) => `| \`${key}\` | ${value} | ${fallback} | ${about} |`),
    '',
    '`[]` stands for each entry of a list; **required** keys of a part that may be left out are required once that part is there.',
  ].join('\n')}\n`
}

function rowsOf(schema: JsonSchema, prefix: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const isRequired = schema.required?.includes(name) ?? false
    return rowsOfKey(`${prefix}${name}`, property, isRequired)
  })
}

function rowsOfKey(key: string, schema: JsonSchema, isRequired: boolean): Row[] {
  if (schema.properties !== undefined) {
    const inner = rowsOf(schema, `${key}.`)
    const hasWords = schema.description !== undefined
    return hasWords ? [rowOf(key, 'a group of keys', schema, isRequired), ...inner] : inner
  }
  if (schema.items?.properties !== undefined) {
    return [rowOf(key, 'list', schema, isRequired), ...rowsOf(schema.items, `${key}[].`)]
  }
  if (schema.items?.anyOf?.some((choice) => choice.properties !== undefined)) {
    const words = { ...schema, description: [schema.description, ...choicesOf(schema.items)].filter(Boolean).join(' ') }
    return [rowOf(key, 'list', words, isRequired)]
  }
  return [rowOf(key, valueOf(schema), schema, isRequired)]
}

/** Each shape that an entry may have, by its keys. */
function choicesOf(items: JsonSchema): string[] {
  return (items.anyOf ?? []).flatMap(({ properties, description }) =>
    properties === undefined || description === undefined
      ? []
      : [`\`{ ${Object.keys(properties).join(', ')} }\`: ${description}`],
  )
}

function rowOf(key: string, value: string, schema: JsonSchema, isRequired: boolean): Row {
  const fallback =
    schema.properties === undefined && schema.default !== undefined
      ? `\`${typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)}\``
      : isRequired
        ? '**required**'
        : '–'
  return { key, value, fallback, about: (schema.description ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ') }
}

function valueOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((choice) => `\`${String(choice)}\``).join(', ')
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.items !== undefined) return `list of ${schema.items.type ?? 'value'}s`
  if (schema.format === 'uri') return 'URL'
  return schema.type ?? 'value'
}
