import { expect, test } from 'vitest'
import { nameOf, roughDuration, roughSize } from './wording.ts'

const person = { issuer: 'i', subject: 'alice', groups: [] }

test('a person is the subject, with the name that people know', () => {
  expect(nameOf({ person, actors: [] })).toBe('alice')
  expect(nameOf({ person: { ...person, displayName: 'alice' }, actors: [] })).toBe('alice')
  expect(nameOf({ person: { ...person, displayName: 'Alice Ames' }, actors: [] })).toBe('Alice Ames (alice)')
})

test('a delegation chain is told from who acts to whom it is for', () => {
  expect(nameOf({ person, actors: [{ subject: 'agent' }, { subject: 'portal' }] })).toBe('agent for portal for alice')
})

test.each([
  [0, '1 s'],
  [999, '1 s'],
  [1001, '2 s'],
  [60_000, '1 min'],
  [3_600_001, '2 h'],
  [86_400_000, '1 d'],
])('%i ms is about %s', (durationMs, text) => expect(roughDuration(durationMs)).toBe(text))

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1_572_864, '1.5 MiB'],
  [2 ** 60, '1048576 TiB'],
])('%i bytes are about %s', (bytes, text) => expect(roughSize(bytes)).toBe(text))
