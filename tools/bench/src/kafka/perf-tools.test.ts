import { expect, test } from 'vitest'
import { readConsumerSummary, readProducerSummary } from './perf-tools.ts'

const progress = '4002 records sent, 800.2 records/sec (0.78 MB/sec), 9.9 ms avg latency, 99.0 ms max latency.\n'
const withWarmUp =
  '20000 records sent, 1999.400180 records/sec (1.95 MB/sec), 2.50 ms avg latency, 310.00 ms max latency, 1 ms 50th, 4 ms 95th, 41 ms 99th, 200 ms 99.9th.\n'
const steady =
  '15000 steady state records sent, 2000.1 records/sec (1.95 MB/sec), 0.61 ms avg latency, 12.00 ms max latency, 1 ms 50th, 2 ms 95th, 5 ms 99th, 9 ms 99.9th.\n'

test('the producer’s summary is told from its progress', () => {
  expect(readProducerSummary(progress + withWarmUp)).toEqual({
    perSecond: 1999.40018,
    latency: { average: 2.5, p50: 1, p99: 41, max: 310 },
  })
})

test('with warm-up records the summary of the others counts', () => {
  expect(readProducerSummary(withWarmUp + steady).latency).toEqual({ average: 0.61, p50: 1, p99: 5, max: 12 })
})

test('a producer that ended early has no figures', () => {
  expect(() => readProducerSummary(progress)).toThrow(/no summary/)
})

test('the consumer’s records a second leave the time to join the group out', () => {
  const line =
    '2026-11-22 12:00:00:000, 2026-11-22 12:00:03:000, 585.9375, 195.3, 600000, 200000.0, 1000, 2000, 292.9688, 300000.0000\n'
  expect(readConsumerSummary(`WARN something\n${line}`)).toBe(300_000)
})

test('a consumer that read nothing has no figures', () => {
  expect(() => readConsumerSummary('WARN Exiting before consuming the expected number of records\n')).toThrow(
    /no figures/,
  )
})
