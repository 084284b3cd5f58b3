import { suggestion } from '@weir/config'
import { filterProblem, covers, overlaps } from './mqtt-filter.ts'
import { actionsByKind, clusterKind, clusterName, isResourceKind } from './rights.ts'
import type { ResourceKind } from './rights.ts'

/** What a rule says of resources. Only the pattern has wildcards; the names it is compared with are data. */
export type ResourcePattern = {
  /** As it stands in the file. */
  readonly text: string
  readonly kind: ResourceKind
  readonly names: NamePattern
}

/** Which names of a kind a pattern covers; `filter` is the topic filter of MQTT by its levels. */
export type NamePattern =
  | { readonly type: 'all' }
  | { readonly type: 'exact'; readonly name: string }
  | { readonly type: 'prefix'; readonly prefix: string }
  | { readonly type: 'filter'; readonly levels: readonly string[] }

/** How a pattern meets a name: an MQTT name may be a subscription, of which the pattern covers all or a part. */
export type Match = 'all' | 'part'

/** `kafka:topic:payments.*` → a pattern, or what is wrong with the text. */
export function parsePattern(text: string): ResourcePattern | { readonly problem: string } {
  const [, kind, name] = /^([^:]*:[^:]*):(.*)$/s.exec(text) ?? []
  if (kind === undefined || name === undefined) {
    return { problem: 'must be protocol:kind:name, e.g. kafka:topic:payments.*' }
  }
  if (!isResourceKind(kind)) {
    const kinds = Object.keys(actionsByKind)
    return { problem: `there is no kind "${kind}"${suggestion(kind, kinds)}; the kinds are ${kinds.join(', ')}` }
  }
  const names = kind === 'mqtt:topic' ? parseFilter(name) : parseName(name)
  if ('problem' in names) return names
  if (kind === clusterKind && !matchName(names, clusterName)) {
    return { problem: `the cluster is always ${clusterKind}:${clusterName}` }
  }
  return { text, kind, names }
}

function parseFilter(name: string): NamePattern | { problem: string } {
  const problem = filterProblem(name)
  return problem === undefined ? { type: 'filter', levels: name.split('/') } : { problem }
}

function parseName(text: string): NamePattern | { problem: string } {
  const name = text.replaceAll(/\\([\\*])/g, '$1')
  const bare = text.replaceAll(/\\[\\*]/g, '')
  if (bare.includes('\\')) return { problem: 'write \\\\ for a backslash and \\* for a plain *' }
  if (text === '') return { problem: 'the name must not be empty; * alone stands for every name' }
  if (!bare.includes('*')) return { type: 'exact', name }
  if (bare.indexOf('*') < bare.length - 1 || !text.endsWith('*')) {
    return { problem: 'a * stands for the rest of a name and only at its end; write \\* for a plain *' }
  }
  return text === '*' ? { type: 'all' } : { type: 'prefix', prefix: name.slice(0, -1) }
}

/** Does the pattern match the name? */
export function matchName(pattern: NamePattern, name: string): Match | undefined {
  switch (pattern.type) {
    case 'all':
      return 'all'
    case 'exact':
      return name === pattern.name ? 'all' : undefined
    case 'prefix':
      return name.startsWith(pattern.prefix) ? 'all' : undefined
    case 'filter':
      return matchFilter(pattern.levels, name.split('/'))
  }
}

export function matchFilter(filter: readonly string[], levels: readonly string[]): Match | undefined {
  return covers(filter, levels) ? 'all' : overlaps(filter, levels) ? 'part' : undefined
}

/** Does the outer pattern match every name that the inner one matches? */
export function coversPattern(outer: ResourcePattern, inner: ResourcePattern): boolean {
  if (outer.kind !== inner.kind) return false
  const [o, i] = [outer.names, inner.names]
  if (o.type === 'all') return true
  if (o.type === 'filter') return i.type === 'filter' && covers(o.levels, i.levels)
  if (i.type === 'exact') return matchName(o, i.name) === 'all'
  return o.type === 'prefix' && i.type === 'prefix' && i.prefix.startsWith(o.prefix)
}
