import { isFlexible } from '../src/codec.ts'
import type { Api } from '../src/schema.ts'
import { differences, layoutOfDefinition } from './field-layout.ts'
import { parseVersions, type ApiDefinition } from './message-definitions.ts'
import { layoutOfTable } from './schema-layout.ts'

export interface Comparison {
  /** Lowest and highest version that both know; every one between them was compared in both directions. */
  readonly covered: readonly [number, number]
  /** Versions of our table above those that the definitions know: not compared. */
  readonly newer: readonly number[]
  /** Fields compared, one for each version in which the field exists. */
  readonly fieldCount: number
  /** What differs, one line each, with the versions it concerns; empty when our table says the same as Kafka. */
  readonly differences: readonly string[]
}

/** Compares one of our tables with Kafka's definitions of the same API. */
export function compareApi(definition: ApiDefinition, table: Api): Comparison {
  const known = parseVersions(definition.request.validVersions)
  const [lowest, highest] = table.versions
  const covered = [Math.max(lowest, known.from), Math.min(highest, known.to)] as const
  const newer = versionsBetween(known.to + 1, highest)
  const lines: string[] = []
  if (table.name !== definition.name) lines.push(`name is ${table.name}, not ${definition.name}`)
  if (lowest !== known.from) lines.push(`lowest version is ${lowest}, not ${known.from}`)
  if (highest < known.to) lines.push(`highest version is ${highest}, not ${known.to}`)
  const unstableFrom = definition.request.latestVersionUnstable === true ? known.to : undefined
  if (table.unstableFrom !== unstableFrom) lines.push(`unstable from ${table.unstableFrom}, not ${unstableFrom}`)
  let fieldCount = 0
  for (const direction of ['request', 'response'] as const) {
    const half = compareHalf(definition, table, direction, covered)
    fieldCount += half.fieldCount
    lines.push(...half.differences)
  }
  return { covered, newer, fieldCount, differences: lines.map((line) => `${table.name} ${line}`) }
}

function compareHalf(
  definition: ApiDefinition,
  table: Api,
  direction: 'request' | 'response',
  [from, to]: readonly [number, number],
): { fieldCount: number; differences: string[] } {
  const message = definition[direction]
  const lines: string[] = []
  if (message.validVersions !== definition.request.validVersions) {
    lines.push(`${direction} has other versions than the request: ${message.validVersions}`)
  }
  const flexible = parseVersions(message.flexibleVersions)
  const flexibleFrom = flexible.to < flexible.from ? 'never' : flexible.from
  if (table.flexible !== flexibleFrom)
    lines.push(`${direction} is flexible from ${table.flexible}, not ${flexibleFrom}`)
  let fieldCount = 0
  const versionsOf = new Map<string, number[]>()
  for (const version of versionsBetween(from, to)) {
    const expected = layoutOfDefinition(message, version)
    fieldCount += expected.length
    const form = { version, flexible: isFlexible(table, version) }
    for (const line of differences(expected, layoutOfTable(table[direction], form))) {
      versionsOf.set(line, [...(versionsOf.get(line) ?? []), version])
    }
  }
  for (const [line, versions] of versionsOf) lines.push(`${direction} v${versions.join(',')} ${line}`)
  return { fieldCount, differences: lines }
}

/** Both ends included; empty when `to` is below `from`. */
export function versionsBetween(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}
