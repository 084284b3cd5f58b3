/** What a broker said it speaks, and what is left when several must agree. */
export type VersionRange = readonly [min: number, max: number]

export type SupportedFeature = { readonly name: string; readonly minVersion: number; readonly maxVersion: number }
export type FinalizedFeature = {
  readonly name: string
  readonly maxVersionLevel: number
  readonly minVersionLevel: number
}

export type BrokerVersions = {
  readonly ranges: ReadonlyMap<number, VersionRange>
  readonly supportedFeatures: readonly SupportedFeature[]
  readonly finalizedFeatures: readonly FinalizedFeature[]
  /** -1 when unknown. */
  readonly finalizedFeaturesEpoch: bigint
}

/** Both, or undefined when they have nothing in common. */
export function intersectRange(a: VersionRange, b: VersionRange): VersionRange | undefined {
  const range: VersionRange = [Math.max(a[0], b[0]), Math.min(a[1], b[1])]
  return range[0] <= range[1] ? range : undefined
}

/** What all brokers speak. Features are those of the one with the newest finalized epoch: they are the cluster's, not a broker's. */
export function intersectRanges(all: readonly BrokerVersions[]): BrokerVersions | undefined {
  const [first, ...rest] = all.toSorted((a, b) => Number(b.finalizedFeaturesEpoch - a.finalizedFeaturesEpoch))
  if (first === undefined) return undefined
  const ranges = new Map<number, VersionRange>()
  for (const [key, range] of first.ranges) {
    let common: VersionRange | undefined = range
    for (const other of rest) {
      const theirs = other.ranges.get(key)
      common = theirs === undefined || common === undefined ? undefined : intersectRange(common, theirs)
    }
    if (common !== undefined) ranges.set(key, common)
  }
  return { ...first, ranges }
}
