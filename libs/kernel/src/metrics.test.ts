import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('each kind is exposed under its name, with its help and labels', async () => {
  const metrics = createMetrics()
  metrics.counter('weir_test_requests_total', 'Requests, by outcome', ['outcome']).inc({ outcome: 'ok' })
  metrics.gauge('weir_test_open_count', 'Open things').set(7)
  metrics.histogram('weir_test_wait_seconds', 'Waits', ['kind'], [0.1, 1]).observe({ kind: 'a' }, 0.5)
  const { contentType, body } = await metrics.expose()
  expect(contentType).toContain('text/plain')
  const lines = body.split('\n')
  for (const line of [
    '# HELP weir_test_requests_total Requests, by outcome',
    '# TYPE weir_test_requests_total counter',
    'weir_test_requests_total{outcome="ok"} 1',
    'weir_test_open_count 7',
    'weir_test_wait_seconds_bucket{le="0.1",kind="a"} 0',
    'weir_test_wait_seconds_bucket{le="1",kind="a"} 1',
    'weir_test_wait_seconds_sum{kind="a"} 0.5',
  ]) {
    expect(lines).toContain(line)
  }
})

test('the process itself is in it', async () => {
  const { body } = await createMetrics().expose()
  expect(body).toContain('process_cpu_seconds_total')
  expect(body).toContain('nodejs_eventloop_lag_seconds')
})

test('a name is taken once, and a label that was not declared is refused', () => {
  const metrics = createMetrics()
  const counter = metrics.counter('weir_test_things_total', 'Things', ['outcome'])
  expect(() => metrics.counter('weir_test_things_total', 'Things')).toThrow(/already been registered/)
  expect(() => counter.inc({ subject: 'alice' })).toThrow(/label/)
})

test('two sets of metrics know nothing of each other', async () => {
  createMetrics().gauge('weir_test_things_count', 'Things').set(1)
  expect((await createMetrics().expose()).body).not.toContain('weir_test_things_count')
})

test.each(['weir_things', 'weir_Kafka_things_total', 'weir_kafka_things', 'weir_kafka__things_total'] as const)(
  '%s is no name: it lacks an area, a unit or the form',
  (name) => {
    expect(() => createMetrics().counter(name, 'Things')).toThrow(/weir_<area>_<what>_<unit>/)
  },
)
