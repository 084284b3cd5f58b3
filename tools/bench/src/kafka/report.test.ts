import { expect, test } from 'vitest'
import type { PathName } from './options.ts'
import { formatReport, spread } from './report.ts'
import type { ThroughputSample } from './report.ts'

const sample = (
  path: PathName,
  round: number,
  megabytesPerSecond: number,
  cpuSecondsPerGb?: number,
): ThroughputSample => ({
  path,
  round,
  direction: 'publish',
  megabytesPerSecond,
  cpuSecondsPerGb,
  residentBytes: undefined,
})

test('a spread is the median between the least and the most', () => {
  expect(spread([3, 1, 2], 1)).toBe('2.0 (1.0–3.0)')
  expect(spread([1, 2], 1)).toBe('1.5 (1.0–2.0)')
  expect(spread([2, 2], 0)).toBe('2')
  expect(spread([], 0)).toBe('–')
})

test('ratios are taken within a round, because rounds differ more than paths do', () => {
  const report = formatReport({
    machine: 'test',
    load: { before: 1, after: 2 },
    node: 'v24',
    database: 'PostgreSQL',
    options: {
      records: 1,
      recordBytes: 1,
      rounds: 2,
      paths: ['pipe', 'gateway'],
      latencyRecords: 0,
      rules: 1,
      profile: undefined,
      json: false,
    },
    samples: [
      sample('pipe', 1, 100, 1),
      sample('gateway', 1, 90, 1.2),
      sample('pipe', 2, 10, 2),
      sample('gateway', 2, 9, 2.4),
    ],
    latencies: [],
    controlPlaneCpuSeconds: undefined,
  })
  expect(report).toContain('| pipe | 55 (10–100) | – | 1.50 (1.00–2.00) | – | – |')
  expect(report).toContain('| gateway | 50 (9–90) | 0.90 | 1.80 (1.20–2.40) | 1.20 | – |')
})
