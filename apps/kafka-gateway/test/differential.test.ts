/**
 * The same requests go to a real broker whose ACLs decide, and to a gateway before it whose policy says the same. What clients
 * see must be the same, field by field.
 */
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enforcements } from '../src/enforcement/index.ts'
import { adminCases } from './differential-admin-cases.ts'
import { compare } from './differential-case.ts'
import type { ApiCases, Case } from './differential-case.ts'
import { Side } from './differential-side.ts'
import { deliberateDifferences } from './differential-deliberate.ts'
import { groupCases } from './differential-group-cases.ts'
import { logCases } from './differential-log-cases.ts'
import { memberCases } from './differential-member-cases.ts'
import { recordCases } from './differential-record-cases.ts'
import { testAutomaticCreation, testSurprises } from './differential-surprises.ts'
import { topicCases } from './differential-topic-cases.ts'
import { startWorld } from './differential-world.ts'
import type { World } from './differential-world.ts'

const all = [...recordCases, ...logCases, ...groupCases, ...memberCases, ...topicCases, ...adminCases]

describe.skipIf(!needs('kafka'))('a gateway beside a broker with ACLs', () => {
  let world: World
  let sides: [Side, Side] | undefined
  let compared = 0
  beforeAll(async () => {
    world = await startWorld()
    const aliases = new Map<string, string>()
    sides = [new Side(world, 'broker', aliases), new Side(world, 'gateway', aliases)]
  })
  afterAll(async () => {
    for (const side of sides ?? []) await side.close()
    await world?.stop()
    const versions = all.flatMap(versionsOf).length
    process.stdout.write(`${compared} answers compared with a broker's: ${all.length} requests, ${versions} versions\n`)
  })

  test.each(all.map((entry) => [entry.api.name, entry] as const))(
    '%s answers as the broker does',
    async (_name, entry) => {
      const differences: string[] = []
      for (const version of versionsOf(entry)) {
        for (const one of casesIn(entry, version)) {
          const outcome = await compare(sides!, entry, version, one)
          differences.push(...outcome.differences)
          compared += outcome.compared
        }
      }
      expect(differences.join('\n\n')).toBe('')
    },
    60_000,
  )

  test('every request that is served has cases in every version', () => {
    const keys = (numbers: Iterable<number>) => [...numbers].toSorted((a, b) => a - b)
    expect(keys(all.map((entry) => entry.api.key))).toEqual(keys(enforcements.keys()))
    const empty = all.flatMap((entry) =>
      versionsOf(entry).flatMap((version) =>
        casesIn(entry, version).length === 0 ? `${entry.api.name} v${version}` : [],
      ),
    )
    expect(empty).toEqual([])
  })

  test.each(deliberateDifferences.map((one) => [one.title, one] as const))('on purpose: %s', async (_title, one) => {
    for (const version of one.versions) {
      const seen = sides!.map(async (side) => {
        const answer = await side.ask(one.as, one.api, version, one.request(side))
        return typeof answer === 'string' ? answer : one.seen(answer)
      })
      expect(await Promise.all(seen), `v${version}`).toEqual([one.broker, one.gateway])
    }
  })

  testSurprises(() => world)
  testAutomaticCreation(() => world)
})

function versionsOf({ api }: ApiCases): number[] {
  const [min, max] = enforcements.get(api.key)?.versions ?? [0, -1]
  return Array.from({ length: max - min + 1 }, (_, index) => min + index)
}

function casesIn({ cases }: ApiCases, version: number): readonly Case[] {
  return cases.filter(({ versions }) => versions === undefined || (versions[0] <= version && version <= versions[1]))
}
