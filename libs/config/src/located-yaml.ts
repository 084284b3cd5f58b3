import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml'
import type { Document, Node, YAMLError } from 'yaml'
import type { Problem } from './problem.ts'

/** Keys and indexes that lead from the root of a document to a value in it. */
export type Path = readonly (string | number)[]

/** Both from 1, as editors count. */
export type Position = { readonly line: number; readonly column: number }

/** `unresolved`: it should have come from outside, but did not; `problems` says why. */
export type Origin = 'file' | 'outside' | 'unresolved'

/** A YAML text as a value, with the way back from each part of the value to its place in the text. */
export type LocatedYaml = {
  readonly fileName: string
  /** `undefined` when the text is not YAML. */
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** Where the value at the path stands; where it is missing, the nearest part around it. */
  position(path: Path): Position
  /** Where the key of the last step of the path stands. */
  keyPosition(path: Path): Position
  /** Where the text of the value came from. What came from outside may be a secret, and is in no message. */
  origin(path: Path): Origin
}

/**
 * Reads YAML 1.2 (core schema, one document, no tags of one's own). Never throws: what is wrong is in `problems`.
 * The messages are our own where the parser's would quote the text, since that may be a password without its quotes.
 */
export function locateYaml(text: string, fileName: string): LocatedYaml {
  const lines = new LineCounter()
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problem = (message: string, offset: number): Problem => ({ severity: 'error', message, ...place(offset) })
  const failed = (problems: Problem[]): LocatedYaml => ({
    fileName,
    value: undefined,
    problems,
    position: () => ({ line: 1, column: 1 }),
    keyPosition: () => ({ line: 1, column: 1 }),
    origin: () => 'file',
  })

  let document: Document.Parsed
  let value: unknown
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, logLevel: 'error' })
    const problems = [...document.errors, ...document.warnings].map((fault) => problem(explain(fault), fault.pos[0]))
    visit(document, {
      Alias(_, alias, around) {
        const target = alias.resolve(document)
        if (target === undefined) problems.push(problem(faults.BAD_ALIAS, offsetOf(alias) ?? 0))
        else if (around.includes(target)) problems.push(problem(selfAlias, offsetOf(alias) ?? 0))
      },
    })
    if (problems.length > 0) return failed(firstPerLine(problems))
    value = document.toJS() as unknown
  } catch {
    // Nesting beyond the stack, or aliases that multiply beyond the parser's bound.
    return failed([problem('the YAML is nested too deeply or repeats too much by aliases', 0)])
  }
  return {
    fileName,
    value,
    problems: [],
    position: (path) => place(nodeAt(document, path).offset),
    keyPosition: (path) => place(nodeAt(document, path).keyOffset),
    origin: () => 'file',
  }
}

function nodeAt(document: Document.Parsed, path: Path): { offset: number; keyOffset: number } {
  let node: Node | null = document.contents
  let offset = offsetOf(node) ?? 0
  let keyOffset = offset
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step))
      if (pair === undefined) break
      keyOffset = offsetOf(pair.key as Node) ?? offset
      node = pair.value as Node | null
      offset = offsetOf(node) ?? keyOffset
    } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      node = node.items[step] as Node | null
      offset = offsetOf(node) ?? offset
      keyOffset = offset
    } else {
      break
    }
  }
  return { offset, keyOffset }
}

function offsetOf(node: Node | null): number | undefined {
  return node?.range?.[0]
}

/** A fault makes more of them on its line, which say nothing new. */
function firstPerLine(problems: readonly Problem[]): Problem[] {
  const perLine = new Map<number, Problem>()
  for (const each of problems) if (!perLine.has(each.line)) perLine.set(each.line, each)
  return [...perLine.values()]
}

const selfAlias = 'the alias stands inside of what it refers to'

const faults = {
  ALIAS_PROPS: 'an alias (*) takes no tag and no anchor',
  BAD_ALIAS: 'there is no anchor for this alias; put a text that starts with * in quotes',
  BAD_DIRECTIVE: 'the YAML directive (%) is not understood',
  BAD_DQ_ESCAPE: 'the escape is not known in double quotes; write \\\\ for a backslash, or use single quotes',
  BAD_SCALAR_START: 'a value cannot start with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second map or list starts on this line; put it on a line of its own, or the text in quotes',
  BLOCK_IN_FLOW: 'inside [ ] and { } everything must be written in that style',
  DUPLICATE_KEY: 'the key appears twice in this map',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line and be followed by a colon',
  MULTIPLE_DOCS: 'the file holds more than one YAML document (---)',
  RESOURCE_EXHAUSTION: 'the YAML is nested too deeply',
  NON_STRING_KEY: 'a key must be a text',
  TAB_AS_INDENT: 'the line is indented by a tab; use spaces',
  TAG_RESOLVE_FAILED: 'tags (!) are not understood; put a text that starts with ! in quotes',
  UNEXPECTED_TOKEN: 'something stands here that does not belong; put a text with special characters in quotes',
}

function explain(fault: YAMLError): string {
  // The parser's own texts for these two are constants: they name the character or the column that is expected.
  if (fault.code === 'MISSING_CHAR' || fault.code === 'BAD_INDENT') return `not valid YAML: ${fault.message}`
  return Object.hasOwn(faults, fault.code) ? faults[fault.code as keyof typeof faults] : 'not valid YAML'
}
