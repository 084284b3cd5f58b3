import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** A link that leads nowhere: where it stands, and why. */
export type BrokenLink = { readonly file: string; readonly line: number; readonly target: string; readonly why: string }

/** Checks the relative links of Markdown files, anchors included. Addresses with a scheme are not visited. Paths are relative to `root`. */
export function brokenLinks(root: string, files: readonly string[]): BrokenLink[] {
  return files.flatMap((file) =>
    linksOf(readFileSync(join(root, file), 'utf8')).flatMap(({ line, target }) => {
      const why = problemOf(root, file, target)
      return why === undefined ? [] : [{ file, line, target, why }]
    }),
  )
}

function problemOf(root: string, file: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined
  const [path = '', anchor] = target.split('#')
  const found = path === '' ? join(root, file) : join(root, dirname(file), decodeURIComponent(path))
  if (relative(root, found).startsWith('..')) return 'leads out of the repository'
  if (!existsSync(found)) return 'there is no such file'
  if (anchor === undefined) return undefined
  if (statSync(found).isDirectory() || !found.endsWith('.md')) return 'only Markdown files have anchors'
  return anchorsOf(readFileSync(found, 'utf8')).has(anchor) ? undefined : 'there is no such heading'
}

/** Links outside of code, with the line that they stand in. */
export function linksOf(markdown: string): { line: number; target: string }[] {
  const links: { line: number; target: string }[] = []
  for (const [index, text] of withoutFences(markdown).entries()) {
    const words = text.replaceAll(/`[^`]*`/g, (code) => ' '.repeat(code.length))
    for (const match of words.matchAll(/\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g))
      links.push({ line: index + 1, target: match[1]! })
    const reference = /^\s*\[[^\]]+\]:\s*(\S+)/.exec(words)
    if (reference !== null) links.push({ line: index + 1, target: reference[1]! })
  }
  return links
}

/** The anchors of the headings, as GitHub makes them: lower case, no punctuation, dashes for spaces, numbered when repeated. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const text of withoutFences(markdown)) {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(text)?.[1]
    if (heading === undefined) continue
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
    let free = anchor
    for (let n = 1; anchors.has(free); n++) free = `${anchor}-${n}`
    anchors.add(free)
  }
  return anchors
}

/** The lines, those of fenced code blank. */
function withoutFences(markdown: string): string[] {
  let fence: string | undefined
  return markdown.split('\n').map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1]
    if (mark === undefined) return fence === undefined ? line : ''
    if (fence === undefined) fence = mark
    else if (mark.startsWith(fence)) fence = undefined
    return ''
  })
}
