import { Visitor, parseSync } from 'rolldown/utils'

export type LongFunction = { readonly name: string; readonly line: number; readonly lines: number }

type Node = { readonly type: string; readonly start: number; readonly end: number }

/**
 * Every function of a program with its length. The callback of `describe` is left out: it is the frame of a group of
 * tests, not a function that anybody reads as one.
 */
export function functionsOf(file: string, text: string): LongFunction[] {
  const { program, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]!.message}`)
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const functions: LongFunction[] = []
  const frames = new Set<object>()
  const names = new Map<object, string>()
  const measure = (node: Node, name = names.get(node)) => {
    if (frames.has(node)) return
    const line = lineAt(node.start)
    functions.push({ name: name ?? 'a function', line, lines: lineAt(node.end) - line + 1 })
  }
  new Visitor({
    CallExpression({ callee, arguments: given }) {
      const called = text.slice(callee.start, callee.end)
      if (/^(describe|suite)\b/.test(called)) for (const argument of given) frames.add(argument)
    },
    VariableDeclarator({ id, init }) {
      if (id.type === 'Identifier' && init !== null) names.set(init, id.name)
    },
    MethodDefinition: ({ key, value }) => void names.set(value, text.slice(key.start, key.end)),
    Property: ({ key, value }) => void names.set(value, text.slice(key.start, key.end)),
    FunctionDeclaration: (node) => measure(node, node.id?.name),
    FunctionExpression: (node) => measure(node),
    ArrowFunctionExpression: (node) => measure(node),
  }).visit(program)
  return functions
}
