/**
 * The same requests go to a real broker whose ACLs decide, and to a gateway before it whose policy says the same. What clients
 * see must be the same, field by field.
 */
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enforcements } from '../src/enforcement/index.ts'
import { compare } from './differential-case.ts'
import { Side } from './differential-side.ts'
import { groupCases } from './differential-group-cases.ts'
import { recordCases } from './differential-record-cases.ts'
import { topicCases } from './differential-topic-cases.ts'
import { startWorld } from './differential-world.ts'
import type { World } from './differential-world.ts'

const all = [...recordCases, ...groupCases, ...topicCases]

describe.skipIf(!needs('kafka'))('a gateway beside a broker with ACLs', () => {
  let world: World
  let sides: [Side, Side] | undefined
  const compared: string[] = []
  beforeAll(async () => {
    world = await startWorld()
    const aliases = new Map<string, string>()
    sides = [new Side(world, 'broker', aliases), new Side(world, 'gateway', aliases)]
  })
  afterAll(async () => {
    for (const side of sides ?? []) await side.close()
    await world?.stop()
  })

  test.each(all.map((entry) => [entry.api.name, entry] as const))(
    '%s answers as the broker does',
    async (_name, entry) => {
      const { api, cases } = entry
      const [min, max] = enforcements.get(api.key)?.versions ?? [0, -1]
      const differences: string[] = []
      let count = 0
      for (const one of cases) {
        for (let version = min; version <= max; version++) {
          if (version < (one.versions?.[0] ?? min) || version > (one.versions?.[1] ?? max)) continue
          const outcome = await compare(sides!, entry, version, one)
          differences.push(...outcome.differences)
          count += outcome.compared
        }
      }
      compared.push(`${api.name} ${count}`)
      expect(differences.join('\n\n')).toBe('')
    },
    60_000,
  )
})
