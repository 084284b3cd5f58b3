import { basename } from 'node:path'
import { functionsOf } from './functions.ts'

/** Something untidy: where, and what. */
export type Finding = { readonly file: string; readonly line: number; readonly message: string }

const fileLineLimit = 300
// Tables are read by looking up, not from top to bottom, and cutting one in two helps nobody.
const tableLineLimit = 400
const functionLineLimit = 70

/** Names that say nothing about what is inside. */
const emptyNames = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'manager',
  'managers',
  'misc',
  'base',
  'shared',
])

const isProgram = (file: string) => /\.[cm]?[jt]sx?$/.test(file)
const isTable = (file: string) => file.startsWith('libs/kafka-protocol/src/messages/')

/** What is untidy in one file of the repository. `file` is relative to the root. */
export function inspectFile(file: string, text: string): Finding[] {
  const findings: Finding[] = []
  const find = (line: number, message: string) => findings.push({ file, line, message })
  const parts = file.split('/').map((part) => part.replace(/\..*$/, ''))
  for (const part of parts.filter((name) => emptyNames.has(name)))
    find(0, `the name ${part} does not say what is inside`)

  if (basename(file) === 'package-lock.json') {
    // A resolved address ties every installation to one registry's host.
    findLines(text, /"resolved": "https?:/, (line) => find(line, 'names the host that served a package'))
    return findings
  }
  findLines(text, unfinished, (line) => find(line, 'is marked as unfinished: finish it or write an issue'))
  findLines(text, machinePath, (line) => find(line, 'holds a path of one machine'))
  if (isProgram(file)) inspectProgram(file, text, find)
  return findings
}

function inspectProgram(file: string, text: string, find: (line: number, message: string) => void): void {
  const lineCount = text.trimEnd().split('\n').length
  const limit = isTable(file) ? tableLineLimit : fileLineLimit
  if (lineCount > limit) find(0, `has ${lineCount} lines; ${limit} are the limit`)
  for (const { name, line, lines } of functionsOf(file, text)) {
    if (lines > functionLineLimit) find(line, `${name} has ${lines} lines; ${functionLineLimit} are the limit`)
  }
  if (/^libs\/[^/]+\/src\/index\.ts$/.test(file)) {
    findLines(text, /^export \*/, (line) => find(line, 'the public exports of a lib are a list written by hand'))
  }
}

// Spelled apart, so that this file is tidy itself.
const unfinished = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`)
const machinePath = new RegExp(
  `(^|[^\\w.:/])(/(${['ho' + 'me', 'Us' + 'ers', 'ro' + 'ot', 'wo' + 'rk'].join('|')})/|[A-Z]:\\\\)`,
)

function findLines(text: string, pattern: RegExp, found: (line: number) => void): void {
  for (const [index, line] of text.split('\n').entries()) if (pattern.test(line)) found(index + 1)
}
