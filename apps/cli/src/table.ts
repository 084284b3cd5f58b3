/**
 * Text from elsewhere as one line: a client chooses its client id, and control or direction characters in it could
 * rewrite what stands beside it on a terminal.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\u{${found.codePointAt(0)!.toString(16)}}`)
}

/** Columns by name, aligned with two spaces between them; what is not there is a dash. Ends without a line break. */
export function table<Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => string | number | undefined>>,
  heading: (text: string) => string,
): string {
  const cells = rows.map((row) =>
    Object.values(columns).map((column) => {
      const text = printable(String(column(row) ?? ''))
      return text === '' ? '-' : text
    }),
  )
  const names = Object.keys(columns).map((name) => name.toUpperCase())
  const widths = names.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]!.length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd()
  return [heading(line(names)), ...cells.map(line)].join('\n')
}

/** One thing: a name and its value per line. What is not there is left out. */
export function fields(values: Readonly<Record<string, string | number | undefined>>): string {
  const list = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  const width = Math.max(...list.map(([name]) => name.length))
  return list.map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value))}`).join('\n')
}
