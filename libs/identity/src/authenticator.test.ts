import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeyVerifier } from '@weir/contracts'
import type { JWTPayload } from 'jose'
import { createAuthenticator } from './authenticator.ts'
import type { Authenticator, IssuerSettings } from './authenticator.ts'
import { mintKey } from './weir-key.ts'
import { audience, heldClock, startIssuer } from '../test/issuer-server.ts'
import type { TestIssuer } from '../test/issuer-server.ts'
import { admitted, refusal } from '../test/outcomes.ts'

let issuer: TestIssuer
let clock: ReturnType<typeof heldClock>
let keys: Map<string, KeyVerifier>

beforeEach(async () => {
  issuer = await startIssuer()
  clock = heldClock()
  keys = new Map()
})
afterEach(() => issuer.stop())

function authenticator(settings: Partial<IssuerSettings> = {}, limits = {}): Authenticator {
  return createAuthenticator({
    issuers: [{ issuer: issuer.issuer, audiences: [audience], ...settings }],
    keys: (id) => keys.get(id),
    clock,
    limits: { issuerTimeoutMs: 200, ...limits },
  })
}

const token = (claims: JWTPayload = {}, header: Record<string, unknown> = {}) =>
  issuer.sign(claims, { nowMs: clock.now(), header })

describe('known credentials', () => {
  it('are answered at once until the token expires', async () => {
    const by = authenticator()
    const credential = await token()
    expect(by.known(credential)).toBeUndefined()
    const principal = admitted(await by.verify(credential))
    expect(by.known(credential)).toEqual(principal)
    clock.advance(599_999)
    expect(by.known(credential)).toEqual(principal)
    clock.advance(1)
    expect(by.known(credential)).toBeUndefined()
    expect(by.stillValid(principal)).toBe(false)
  })

  it('are bounded, and the least recently used goes first', async () => {
    const by = authenticator({}, { knownCredentials: 2 })
    const [first, second, third] = await Promise.all([token({ jti: '1' }), token({ jti: '2' }), token({ jti: '3' })])
    for (const credential of [first, second]) admitted(await by.verify(credential))
    expect(by.known(first)).toBeDefined()
    admitted(await by.verify(third))
    expect([first, second, third].map((credential) => by.known(credential) !== undefined)).toEqual([true, false, true])
  })

  it('can be forgotten', async () => {
    const by = authenticator()
    const [alice, bob] = await Promise.all([token(), token({ sub: 'bob' })])
    for (const credential of [alice, bob]) admitted(await by.verify(credential))
    by.forget((principal) => principal.subject === 'alice')
    expect(by.known(alice)).toBeUndefined()
    expect(by.known(bob)).toBeDefined()
  })
})

describe('a Weir key', () => {
  const mint = (changes: Partial<KeyVerifier> = {}) => {
    const { secret, ...verifier } = mintKey()
    const key = {
      ...verifier,
      issuer: 'weir',
      subject: 'etl',
      groups: ['etl'],
      expiresAtMs: clock.now() + 1000,
      ...changes,
    }
    keys.set(key.id, key)
    return { secret, key }
  }

  it('proves the principal that it is bound to', async () => {
    const { secret, key } = mint()
    const by = authenticator()
    const principal = admitted(await by.verify(secret))
    expect(principal).toMatchObject({
      issuer: 'weir',
      subject: 'etl',
      groups: ['etl'],
      method: 'weir-key',
      credentialId: key.id,
    })
    expect(by.known(secret)).toEqual(principal)
    expect(by.stillValid(principal)).toBe(true)
  })

  it('ends with its revocation, for known credentials and live sessions too', async () => {
    const { secret, key } = mint()
    const by = authenticator()
    const principal = admitted(await by.verify(secret))
    keys.delete(key.id)
    expect(by.known(secret)).toBeUndefined()
    expect(by.stillValid(principal)).toBe(false)
    expect((await refusal(secret, by)).code).toBe('WEIR_KEY_UNKNOWN')
  })

  it('whose stored form was replaced no longer counts as known', async () => {
    const { secret, key } = mint()
    const by = authenticator()
    admitted(await by.verify(secret))
    keys.set(key.id, { ...key, scramSha256: mintKey().scramSha256 })
    expect((await refusal(secret, by)).code).toBe('WEIR_KEY_UNKNOWN')
  })

  it('expires', async () => {
    const { secret } = mint()
    const by = authenticator()
    const principal = admitted(await by.verify(secret))
    clock.advance(1000)
    expect(by.stillValid(principal)).toBe(false)
    expect((await refusal(secret, by)).code).toBe('WEIR_KEY_EXPIRED')
  })

  it('is refused with the same words when the secret is wrong as when it does not exist', async () => {
    const { secret } = mint({ expiresAtMs: 0 })
    const by = authenticator()
    const wrong = `${secret.slice(0, -2)}${secret.endsWith('AA') ? 'BB' : 'AA'}`
    const credentials = [wrong, mintKey().secret, 'weir_', 'weir_x_y']
    const refusals = await Promise.all(credentials.map((credential) => refusal(credential, by)))
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['WEIR_KEY_UNKNOWN']))
    expect(new Set(refusals.map(({ reason }) => reason)).size).toBe(1)
  })
})

describe('settings', () => {
  it.each([
    [{ algorithms: ['ES256', 'HS256'] }, 'HS256'],
    [{ algorithms: ['none'] }, 'none'],
    [{ algorithms: [] }, 'at least one'],
    [{ audiences: [] }, 'at least one'],
  ])('that would weaken verification are refused: %j', (settings, words) => {
    expect(() => authenticator(settings)).toThrow(
      expect.objectContaining({ code: 'WEIR_CONFIG_INVALID', message: expect.stringContaining(words) }),
    )
  })

  it('choose the rules by the issuer of the token', async () => {
    const other = await startIssuer()
    try {
      const by = createAuthenticator({
        issuers: [
          { issuer: issuer.issuer, audiences: [audience] },
          { issuer: other.issuer, audiences: ['elsewhere'] },
        ],
        keys: () => undefined,
        clock,
      })
      admitted(await by.verify(await token()))
      const theirs = await other.sign({}, { nowMs: clock.now() })
      expect((await refusal(theirs, by)).code).toBe('WEIR_TOKEN_AUDIENCE')
      // The other issuer's key under this issuer's name proves nothing.
      const forged = await other.sign({ iss: issuer.issuer }, { nowMs: clock.now() })
      expect((await refusal(forged, by)).code).toBe('WEIR_TOKEN_SIGNATURE')
    } finally {
      await other.stop()
    }
  })
})
