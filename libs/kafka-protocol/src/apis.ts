import type { Api } from './schema.ts'
import * as tables from './tables.ts'

/** The tables of all APIs by key: every API and version that a broker listener serves, from Kafka 4.0 to 4.4. */
export const apis: ReadonlyMap<number, Api> = new Map(
  Object.values<Api>(tables)
    .map((api) => [api.key, api] as const)
    .toSorted(([a], [b]) => a - b),
)

/** The table of an API, or undefined for a key that no broker listener serves. */
export function apiByKey(key: number): Api | undefined {
  return apis.get(key)
}
