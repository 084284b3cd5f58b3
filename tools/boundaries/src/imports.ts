import { Visitor, parseSync } from 'rolldown/utils'

export type Import = {
  readonly specifier: string
  readonly line: number
  /** Only types: gone when the program runs. */
  readonly typeOnly: boolean
  /** The names taken, as far as they are written down. */
  readonly names: readonly string[]
}

/** What one file says about its surroundings. */
export type Surroundings = {
  readonly imports: readonly Import[]
  /** Every string in it: a dependency may be used by name only (a worker, a plugin). */
  readonly strings: ReadonlySet<string>
  /** Names of the runtime that it uses without importing them, with their first line. */
  readonly globals: ReadonlyMap<string, number>
}

/**
 * Reads import, export … from, import(), require() and import('…').Type, with a real parser, so that neither a comment
 * nor a string is taken for an import. Throws when the file does not parse.
 */
export function readSurroundings(file: string, text: string): Surroundings {
  const { module, program, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]!.message}`)
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const imports: Import[] = []
  const add = (specifier: string, offset: number, typeOnly: boolean, names: readonly string[] = []) =>
    imports.push({ specifier, line: lineAt(offset), typeOnly, names })

  for (const { moduleRequest, entries, start } of module.staticImports) {
    const names = entries.map((entry) => entry.importName.name ?? '*')
    add(moduleRequest.value, start, entries.length > 0 && entries.every((entry) => entry.isType), names)
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, importName, isType, start } of entries) {
      if (moduleRequest !== null) add(moduleRequest.value, start, isType, [importName.name ?? '*'])
    }
  }
  const strings = new Set<string>()
  const globals = new Map<string, number>()
  const propertyNames = new Set<object>()
  const bound = new Set(module.staticImports.flatMap(({ entries }) => entries.map((entry) => entry.localName.value)))
  const bind = (node: { type: string; name?: string } | null) => bound.add(node?.name ?? '')
  new Visitor({
    ImportExpression({ source, start }) {
      if (source.type === 'Literal') add(String(source.value), start, false)
    },
    TSImportType({ source, start }) {
      add(source.value, start, true)
    },
    CallExpression({ callee, arguments: [first], start }) {
      const isRequire = callee.type === 'Identifier' && callee.name === 'require'
      if (isRequire && first?.type === 'Literal') add(String(first.value), start, false)
    },
    MemberExpression({ computed, property }) {
      if (!computed) propertyNames.add(property)
    },
    ExportSpecifier({ local, exported }) {
      propertyNames.add(local).add(exported)
    },
    Property({ computed, key, shorthand }) {
      if (!computed && !shorthand) propertyNames.add(key)
    },
    VariableDeclarator: ({ id }) => bind(id),
    FunctionDeclaration: ({ id, params }) => [id, ...params].forEach(bind),
    FunctionExpression: ({ params }) => params.forEach(bind),
    ArrowFunctionExpression: ({ params }) => params.forEach(bind),
    Identifier(node) {
      if (!propertyNames.has(node) && !globals.has(node.name)) globals.set(node.name, lineAt(node.start))
    },
    Literal({ value }) {
      if (typeof value === 'string') strings.add(value)
    },
  }).visit(program)
  for (const name of bound) globals.delete(name)
  return { imports, strings, globals }
}

/** `@scope/name/inside` and `name/inside` → the package; undefined for relative paths and what Node brings. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|node:|#)/.test(specifier)) return undefined
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
