import type { Readiness } from '@weir/kernel'

/** `undefined` means ready, a text says why not. */
export type Probe = () => string | undefined

/** Ready when every part is. */
export function readinessOf(probes: ReadonlyMap<string, Probe>): Readiness {
  const parts: Record<string, string> = {}
  let ready = true
  for (const [part, probe] of probes) {
    const problem = probe()
    parts[part] = problem ?? 'ready'
    ready &&= problem === undefined
  }
  return { ready, parts }
}
