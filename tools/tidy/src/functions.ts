import { Visitor, parseSync } from 'rolldown/utils'

export type LongFunction = { readonly name: string; readonly line: number; readonly lines: number }

type Node = { readonly type: string; readonly start: number; readonly end: number }

/**
 * Every function of a program with its length. One that holds tests (the callback of `describe`, a contract that runs
 * on several adapters) is left out: it is the frame of a group, not a function that anybody reads as one.
 */
export function functionsOf(file: string, text: string): LongFunction[] {
  const { program, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]!.message}`)
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const functions: LongFunction[] = []
  const open: Node[] = []
  const frames = new Set<object>()
  const names = new Map<object, string>()
  const enter = (node: Node, name?: string) => {
    open.push(node)
    if (name !== undefined) names.set(node, name)
  }
  const leave = (node: Node) => {
    open.pop()
    if (frames.has(node)) return
    const line = lineAt(node.start)
    functions.push({ name: names.get(node) ?? 'a function', line, lines: lineAt(node.end) - line + 1 })
  }
  new Visitor({
    CallExpression({ callee }) {
      const isTest = /^(describe|suite|test|it)\b/.test(text.slice(callee.start, callee.end))
      const inside = open.at(-1)
      if (isTest && inside !== undefined) frames.add(inside)
    },
    VariableDeclarator({ id, init }) {
      if (id.type === 'Identifier' && init !== null) names.set(init, id.name)
    },
    MethodDefinition: ({ key, value }) => void names.set(value, text.slice(key.start, key.end)),
    Property: ({ key, value }) => void names.set(value, text.slice(key.start, key.end)),
    FunctionDeclaration: (node) => enter(node, node.id?.name),
    FunctionExpression: (node) => enter(node),
    ArrowFunctionExpression: (node) => enter(node),
    'FunctionDeclaration:exit': leave,
    'FunctionExpression:exit': leave,
    'ArrowFunctionExpression:exit': leave,
  }).visit(program)
  return functions
}
