/**
 * MQTT topic filters (MQTT 5.0 §4.7, the same in 3.1.1): `+` is one level, `#` at the end is the level above it and everything
 * below, and a filter that starts with a wildcard does not reach topics that start with `$`. Levels are compared as they are.
 */

/** What is wrong with the filter, if anything. */
export function filterProblem(filter: string): string | undefined {
  if (filter === '') return 'an MQTT topic must not be empty'
  if (filter.includes('\0')) return 'an MQTT topic cannot hold a NUL'
  if (filter.startsWith('$share/')) return 'write the filter that stands inside of $share/<group>/'
  const levels = filter.split('/')
  if (levels.some((level) => level.length > 1 && /[+#]/.test(level))) return '+ and # must be a whole level each'
  if (levels.slice(0, -1).includes('#')) return '# must be the last level'
  return undefined
}

/** Does the outer filter match every topic that the inner one (a filter or a topic) matches? */
export function covers(outer: readonly string[], inner: readonly string[]): boolean {
  if (isHidden(outer, inner)) return false
  for (let index = 0; index < outer.length; index++) {
    const level = outer[index]
    if (level === '#') return inner.length >= index
    if (index >= inner.length || inner[index] === '#') return false
    if (level !== '+' && level !== inner[index]) return false
  }
  return inner.length === outer.length
}

/** Is there a topic that both match? */
export function overlaps(a: readonly string[], b: readonly string[]): boolean {
  if (isHidden(a, b) || isHidden(b, a)) return false
  const depth = Math.max(a.length, b.length)
  for (let index = 0; index < depth; index++) {
    const left = a[index]
    const right = b[index]
    if (left === '#' || right === '#') return true
    if (left === undefined || right === undefined) return false
    if (left !== '+' && right !== '+' && left !== right) return false
  }
  return true
}

function isHidden(filter: readonly string[], other: readonly string[]): boolean {
  return (filter[0] === '+' || filter[0] === '#') && (other[0]?.startsWith('$') ?? false)
}
