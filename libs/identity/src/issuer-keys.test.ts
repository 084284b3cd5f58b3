import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuthenticator } from './authenticator.ts'
import type { Authenticator } from './authenticator.ts'
import { audience, heldClock, startIssuer } from '../test/issuer-server.ts'
import type { TestIssuer } from '../test/issuer-server.ts'

let issuer: TestIssuer
let clock: ReturnType<typeof heldClock>
let by: Authenticator

beforeEach(async () => {
  issuer = await startIssuer()
  clock = heldClock()
  by = createAuthenticator({
    issuers: [{ issuer: issuer.issuer, audiences: [audience] }],
    keys: () => undefined,
    clock,
    limits: { issuerTimeoutMs: 150 },
  })
})
afterEach(() => issuer.stop())

/** The outcome of a fresh token: `alice`, or the code. */
async function outcome(header: Record<string, unknown> = {}): Promise<string> {
  const jti = `t${Math.random()}`
  const result = await by.verify(await issuer.sign({ jti }, { nowMs: clock.now(), header }))
  return 'refused' in result ? result.code : result.subject
}

describe('key rotation', () => {
  it('fetches once for many tokens at the same time', async () => {
    expect(await Promise.all(Array.from({ length: 20 }, () => outcome()))).toEqual(Array(20).fill('alice'))
    expect(issuer.state.requests).toEqual({ discovery: 1, keys: 1 })
  })

  it('fetches a new key once when a token names it', async () => {
    expect(await outcome()).toBe('alice')
    await issuer.rotate('second', { keep: true })
    clock.advance(30_000)
    expect(await Promise.all([outcome(), outcome(), outcome()])).toEqual(['alice', 'alice', 'alice'])
    expect(issuer.state.requests.keys).toBe(2)
  })

  it('does not fetch for an unknown key id within the cooldown', async () => {
    expect(await outcome()).toBe('alice')
    clock.advance(29_999)
    expect(await outcome({ kid: 'invented' })).toBe('WEIR_TOKEN_KEY_UNKNOWN')
    expect(issuer.state.requests.keys).toBe(1)
    clock.advance(1)
    expect(await outcome({ kid: 'invented' })).toBe('WEIR_TOKEN_KEY_UNKNOWN')
    expect(await outcome({ kid: 'invented too' })).toBe('WEIR_TOKEN_KEY_UNKNOWN')
    expect(issuer.state.requests.keys).toBe(2)
    expect(await outcome()).toBe('alice')
  })

  it('stops trusting a key that the issuer withdrew, at the latest when the set has grown old', async () => {
    const withdrawn = await issuer.sign({ exp: Math.floor(clock.now() / 1000) + 7200 }, { nowMs: clock.now() })
    expect(await by.verify(withdrawn)).toHaveProperty('subject')
    by.forget(() => true)
    await issuer.rotate('second')
    clock.advance(600_000)
    expect(await by.verify(withdrawn)).toMatchObject({ code: 'WEIR_TOKEN_KEY_UNKNOWN' })
  })

  it('asks for a key id when several keys fit', async () => {
    await issuer.rotate('second', { keep: true })
    expect(await outcome({ kid: undefined })).toBe('WEIR_TOKEN_KEY_UNKNOWN')
  })

  it('refuses a key that cannot be used, without a fault', async () => {
    issuer.state.keys = [{ kty: 'EC', crv: 'P-256', kid: 'first', x: 'AA', y: 'AA' }]
    expect(await outcome()).toBe('WEIR_TOKEN_KEY_UNKNOWN')
  })
})

describe('an issuer that is away', () => {
  it('does not matter to tokens whose key is known, for a day', async () => {
    expect(await outcome()).toBe('alice')
    await issuer.stop()
    clock.advance(24 * 3_600_000 - 1)
    expect(await outcome()).toBe('alice')
    clock.advance(1)
    expect(await outcome()).toBe('WEIR_ISSUER_UNAVAILABLE')
  })

  it('is told apart from an unknown key', async () => {
    expect(await outcome()).toBe('alice')
    issuer.state.mood = 'failing'
    clock.advance(30_000)
    expect(await outcome({ kid: 'new' })).toBe('WEIR_ISSUER_UNAVAILABLE')
    expect(await outcome()).toBe('alice')
  })

  it('at the start is refused, and tried again a second later', async () => {
    await issuer.stop()
    expect(await outcome()).toBe('WEIR_ISSUER_UNAVAILABLE')
    await issuer.resume()
    expect(await outcome()).toBe('WEIR_ISSUER_UNAVAILABLE')
    clock.advance(1000)
    expect(await outcome()).toBe('alice')
  })

  it('does not hold a client longer than the time-out', async () => {
    issuer.state.mood = 'hang'
    const result = await by.verify(await issuer.sign({}, { nowMs: clock.now() }))
    expect(result).toMatchObject({
      code: 'WEIR_ISSUER_UNAVAILABLE',
      reason: expect.stringContaining('no answer in time'),
    })
  })
})

describe('an issuer whose answers cannot be used', () => {
  it.each([
    ['names another issuer', () => (issuer.state.discovery = { issuer: 'https://other.example' })],
    ['names no key set', () => (issuer.state.discovery = { jwks_uri: undefined })],
    ['names a file as key set', () => (issuer.state.discovery = { jwks_uri: 'file:///etc/passwd' })],
    ['redirects', () => (issuer.state.mood = 'redirecting')],
    ['is not JSON', () => (issuer.state.keysBody = '<html>')],
    ['is no key set', () => (issuer.state.keysBody = '{"keys":7}')],
    ['is null', () => (issuer.state.keysBody = 'null')],
    [
      'is longer than the limit',
      () => (issuer.state.keysBody = JSON.stringify({ keys: [], padding: 'x'.repeat(600_000) })),
    ],
  ])('because a document %s', async (_, spoil) => {
    spoil()
    expect(await outcome()).toBe('WEIR_ISSUER_UNAVAILABLE')
  })

  it('under TLS, because its key set is not', async () => {
    const discoveryUrl = 'https://issuer.example/.well-known/openid-configuration'
    const discovery = { issuer: 'https://issuer.example', jwks_uri: `${issuer.issuer}/keys` }
    const downgraded = createAuthenticator({
      issuers: [{ issuer: 'https://issuer.example', audiences: [audience] }],
      keys: () => undefined,
      clock,
      fetch: async (url) => Response.json(url === discoveryUrl ? discovery : { keys: issuer.state.keys }),
    })
    const token = await issuer.sign({ iss: 'https://issuer.example' }, { nowMs: clock.now() })
    expect(await downgraded.verify(token)).toMatchObject({ code: 'WEIR_ISSUER_UNAVAILABLE' })
  })
})
