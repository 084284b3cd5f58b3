import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { newId } from './ids.ts'

test('an id is its prefix and a UUIDv7 without dashes', () => {
  expect(newId('ses')).toMatch(/^ses_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
})

test('it begins with the millisecond, in 12 digits, so that text sorts it by time', async () => {
  const ids: string[] = []
  for (let i = 0; i < 20; i++) {
    const before = Date.now()
    const id = newId('x')
    const atMs = Number.parseInt(id.slice(2, 14), 16)
    expect(atMs).toBeGreaterThanOrEqual(before)
    expect(atMs).toBeLessThanOrEqual(Date.now())
    ids.push(id)
    await delay(2)
  }
  expect(ids.toSorted()).toEqual(ids)
})

test('no two are the same', () => {
  const ids = Array.from({ length: 10_000 }, () => newId('x'))
  expect(new Set(ids).size).toBe(ids.length)
})
