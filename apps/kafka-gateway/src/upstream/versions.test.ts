import { expect, test } from 'vitest'
import { intersectRange, intersectRanges } from './versions.ts'
import type { BrokerVersions } from './versions.ts'

function broker(ranges: readonly (readonly [number, readonly [number, number]])[], epoch: bigint): BrokerVersions {
  const feature = { name: 'group.version', maxVersionLevel: Number(epoch), minVersionLevel: 0 }
  return { ranges: new Map(ranges), supportedFeatures: [], finalizedFeatures: [feature], finalizedFeaturesEpoch: epoch }
}

test('ranges that do not meet have no intersection', () => {
  expect(intersectRange([0, 3], [2, 9])).toEqual([2, 3])
  expect(intersectRange([0, 3], [4, 9])).toBeUndefined()
})

test('in a rolling upgrade only what all brokers speak is left, with the newest features', () => {
  const old = broker(
    [
      [0, [3, 11]],
      [1, [4, 16]],
      [60, [0, 1]],
    ],
    4n,
  )
  const upgraded = broker(
    [
      [0, [3, 13]],
      [1, [17, 18]],
      [75, [0, 0]],
    ],
    7n,
  )
  const common = intersectRanges([old, upgraded])
  expect([...(common?.ranges ?? [])]).toEqual([[0, [3, 11]]])
  expect(common?.finalizedFeaturesEpoch).toBe(7n)
})

test('no broker, no versions', () => {
  expect(intersectRanges([])).toBeUndefined()
})
