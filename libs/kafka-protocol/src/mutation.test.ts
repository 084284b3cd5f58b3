import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import type { MutationOutcomes } from '../test/mutation-run.ts'
import { apiVersionPairs } from '../test/arbitrary.ts'
import { apis } from './apis.ts'

const mutations = 1_000_000
/** One target takes well below a second; a minute without the next one is a hang. */
const hangMs = 60_000

/** Runs the mutations in a thread of their own: only so can a hang be seen, and an allocation without measure be contained. */
function runMutations(seed: number): Promise<MutationOutcomes[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('../test/mutation-run.ts', import.meta.url), {
      workerData: { seed, mutations },
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    let target = 'start'
    const hung = (): void => {
      reject(new Error(`No progress in ${hangMs} ms: ${target}, seed ${seed}`))
      void worker.terminate()
    }
    let watch = setTimeout(hung, hangMs)
    worker.on('message', (message: { target: string } | { report: MutationOutcomes[] }) => {
      clearTimeout(watch)
      if ('report' in message) {
        resolve(message.report)
        return
      }
      target = message.target
      watch = setTimeout(hung, hangMs)
    })
    worker.on('error', (error) => {
      clearTimeout(watch)
      reject(new Error(`${target}, seed ${seed}: ${String(error)}`, { cause: error }))
    })
  })
}

type Line = {
  mutations: number
  outcomes: Map<string, number>
  versions: Map<string, { read: number; mutations: number }>
}

/** One line for each API: how many mutated frames it got, what became of these, and for each version those still read of all. */
function reportLines(report: readonly MutationOutcomes[]): string[] {
  const lines = new Map<string, Line>()
  for (const { target, mutations: count, outcomes } of report) {
    const [, name = target, version = 'all'] = /^(\d+ \w+) (v\d+) /.exec(target) ?? []
    const line = lines.get(name) ?? { mutations: 0, outcomes: new Map(), versions: new Map() }
    lines.set(name, line)
    line.mutations += count
    for (const [outcome, times] of Object.entries(outcomes)) {
      line.outcomes.set(outcome, (line.outcomes.get(outcome) ?? 0) + times)
    }
    const before = line.versions.get(version) ?? { read: 0, mutations: 0 }
    line.versions.set(version, { read: before.read + (outcomes['read'] ?? 0), mutations: before.mutations + count })
  }
  return [...lines].map(([name, line]) => {
    const outcomes = [...line.outcomes].map(([outcome, times]) => `${outcome} ${times}`)
    const versions = [...line.versions].map(([version, each]) => `${version} ${each.read}/${each.mutations}`)
    return `${name}: ${line.mutations} (${outcomes.join(', ')}); still read: ${versions.join(', ')}`
  })
}

it(`withstands ${mutations} mutated frames`, async () => {
  const seed = Number(process.env['WEIR_MUTATION_SEED'] ?? Date.now() % 0x1_0000_0000)
  console.log(`WEIR_MUTATION_SEED=${seed}`)
  const report = await runMutations(seed)
  console.log(reportLines(report).join('\n'))
  expect(report.reduce((sum, each) => sum + each.mutations, 0)).toBeGreaterThanOrEqual(mutations)
  // Every table is reached, by frames that are refused and, where there is anything to read, by frames that still are.
  const reached = new Map(report.map((each) => [each.target, each.outcomes]))
  for (const { api, version } of apiVersionPairs(apis.values())) {
    for (const direction of ['request', 'response']) {
      const { read = 0, ...refused } = reached.get(`${api.key} ${api.name} v${version} ${direction}`) ?? {}
      expect.soft(read, `${api.name} v${version} ${direction} read`).toBeGreaterThan(0)
      expect.soft(Object.keys(refused), `${api.name} v${version} ${direction} refused`).not.toHaveLength(0)
    }
  }
}, 600_000)
