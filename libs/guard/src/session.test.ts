import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { guardWorld, hourMs, principal } from '../test/guard-world.ts'
import type { SessionChange } from './session.ts'

let world: ReturnType<typeof guardWorld>

beforeEach(() => {
  vi.useFakeTimers()
  world = guardWorld()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A session whose credential lives for `lifetimeMs`, and what it was told. */
async function open(lifetimeMs: number) {
  const expiresAtMs = Date.now() + lifetimeMs
  world.authenticator.credentials.set('bob', principal('bob', { expiresAtMs }))
  const session = await world.admit('bob')
  const changes: SessionChange[] = []
  session.onChange((change) => changes.push(change))
  return { session, changes }
}

describe('the end of the credential', () => {
  // A Node timer takes at most 2^31 - 1 ms; longer ones fire at once.
  test.each([1, hourMs, 2 ** 31 - 1, 2 ** 31, 3 * 2 ** 31])('is told once, after %i ms', async (lifetimeMs) => {
    const { session, changes } = await open(lifetimeMs)
    await vi.advanceTimersByTimeAsync(lifetimeMs - 1)
    expect(changes).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(changes).toEqual(['expired'])
    expect(session.remainingMs()).toBe(0)
    await vi.advanceTimersByTimeAsync(2 ** 32)
    expect(changes).toEqual(['expired'])
  })

  test('moves with a renewal', async () => {
    const { session, changes } = await open(hourMs)
    world.authenticator.credentials.set('bob', principal('bob', { expiresAtMs: Date.now() + 2 * hourMs }))
    await vi.advanceTimersByTimeAsync(hourMs / 2)
    await world.guard.renew(session, 'bob')
    await vi.advanceTimersByTimeAsync(hourMs)
    expect(changes).toEqual([])
    await vi.advanceTimersByTimeAsync(hourMs / 2)
    expect(changes).toEqual(['expired'])
  })

  test('comes earlier when the new credential lives shorter', async () => {
    const { session, changes } = await open(hourMs)
    world.authenticator.credentials.set('bob', principal('bob', { expiresAtMs: Date.now() + 1_000 }))
    await world.guard.renew(session, 'bob')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(changes).toEqual(['expired'])
  })

  test('is not told after the session, and keeps no timer', async () => {
    const { session, changes } = await open(1_000)
    world.guard.end(session, 'closed')
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(changes).toEqual([])
    await world.guard.renew(session, 'bob')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a new policy', () => {
  test('is told to every session, once; one whose credential was revoked hears that instead', async () => {
    const bob = await open(hourMs)
    world.authenticator.credentials.set('bob', principal('alice'))
    const alice = await world.admit('bob')
    const heard: SessionChange[] = []
    alice.onChange((change) => heard.push(change))
    world.guard.policyChanged()
    expect([bob.changes, heard]).toEqual([['policy'], ['policy']])
    world.authenticator.revoked.add('token-of-alice')
    world.guard.policyChanged()
    expect([bob.changes, heard]).toEqual([
      ['policy', 'policy'],
      ['policy', 'revoked'],
    ])
  })

  test('a session may be ended while it is told; others hear of it all the same', async () => {
    const first = await open(hourMs)
    const second = await open(hourMs)
    first.session.onChange(() => world.guard.end(first.session, 'revoked'))
    world.guard.policyChanged()
    expect(second.changes).toEqual(['policy'])
    world.guard.policyChanged()
    expect([first.changes, second.changes]).toEqual([['policy'], ['policy', 'policy']])
  })
})
