/** One thing that is wrong in a file that a person wrote. Lines and columns count from 1. */
export type Problem = {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly line: number
  readonly column: number
}

/** One line of text per problem, in the order of the file: `weir.yaml:4:9: admin.port: must be a number, not text`. */
export function problemLines(problems: readonly Problem[], fileName: string): string[] {
  return inFileOrder(problems).map(
    ({ severity, message, line, column }) =>
      `${fileName}:${line}:${column}: ${severity === 'warning' ? 'warning: ' : ''}${message}`,
  )
}

export function inFileOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}
