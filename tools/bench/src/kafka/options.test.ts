import { expect, test } from 'vitest'
import { readKafkaOptions } from './options.ts'

test('without arguments all paths are measured', () => {
  expect(readKafkaOptions({})).toMatchObject({ paths: ['direct', 'pipe', 'gateway'], recordBytes: 1024, rounds: 3 })
})

test('paths keep the order of the report', () => {
  expect(readKafkaOptions({ paths: 'gateway,direct' })).toMatchObject({ paths: ['direct', 'gateway'] })
})

test('what cannot be meant is named', () => {
  expect(readKafkaOptions({ paths: 'gateway,proxy' })).toBe('--paths knows direct, pipe, gateway, not proxy.')
  expect(readKafkaOptions({ rounds: '0' })).toBe('--rounds takes a whole number from 1 on.')
  expect(readKafkaOptions({ records: 'many' })).toBe('--records takes a whole number from 1 on.')
  expect(readKafkaOptions({ 'latency-records': '0' })).toMatchObject({ latencyRecords: 0 })
})
