import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SignJWT, UnsecuredJWT, exportSPKI, importJWK } from 'jose'
import type { CryptoKey, JWTPayload } from 'jose'
import { createAuthenticator } from './authenticator.ts'
import type { Authenticator, IssuerSettings } from './authenticator.ts'
import { audience, heldClock, startIssuer } from '../test/issuer-server.ts'
import type { TestIssuer } from '../test/issuer-server.ts'
import { admitted, refusal } from '../test/outcomes.ts'

let issuer: TestIssuer
let clock: ReturnType<typeof heldClock>

beforeEach(async () => {
  issuer = await startIssuer()
  clock = heldClock()
})
afterEach(() => issuer.stop())

function authenticator(settings: Partial<IssuerSettings> = {}): Authenticator {
  const issuers = [{ issuer: issuer.issuer, audiences: [audience], ...settings }]
  return createAuthenticator({ issuers, keys: () => undefined, clock })
}

const token = (claims: JWTPayload = {}, header: Record<string, unknown> = {}) =>
  issuer.sign(claims, { nowMs: clock.now(), header })
const seconds = (offset: number) => Math.floor(clock.now() / 1000) + offset

describe('a valid token', () => {
  it('becomes a principal with everything that decisions and evidence need', async () => {
    const credential = await token({
      jti: 'token-1',
      client_id: 'console-producer',
      preferred_username: 'Alice A.',
      groups: ['payments', 'staff', 'payments'],
    })
    expect(await authenticator().verify(credential)).toEqual({
      issuer: issuer.issuer,
      subject: 'alice',
      displayName: 'Alice A.',
      groups: ['payments', 'staff'],
      clientId: 'console-producer',
      actors: [],
      method: 'jwt',
      credentialId: 'token-1',
      expiresAtMs: seconds(600) * 1000,
    })
  })

  it('without jti is named by a digest, and never by the token itself', async () => {
    const credential = await token()
    const { credentialId } = admitted(await authenticator().verify(credential))
    expect(credentialId).toMatch(/^[0-9a-f]{16}$/)
  })

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('is accepted with %s by default', async (algorithm) => {
    await issuer.rotate('k', { algorithm })
    expect(admitted(await authenticator().verify(await token())).subject).toBe('alice')
  })

  it('is verified with a configured key set address, without discovery', async () => {
    const by = authenticator({ jwksUri: `${issuer.issuer}/keys` })
    admitted(await by.verify(await token()))
    expect(issuer.state.requests).toEqual({ discovery: 0, keys: 1 })
  })

  it('may name several audiences', async () => {
    admitted(await authenticator().verify(await token({ aud: ['other', audience] })))
  })

  it('is accepted within the clock tolerance, but the session it opens ends at exp', async () => {
    const by = authenticator()
    const principal = admitted(await by.verify(await token({ exp: seconds(-20) })))
    expect(principal.expiresAtMs).toBe(seconds(-20) * 1000)
    expect(by.stillValid(principal)).toBe(false)
  })
})

describe('a token that is refused', () => {
  it.each([
    '',
    'x',
    'a.b.c',
    'eyJhbGciOiJFUzI1NiJ9.e30',
    '....',
    'weir',
    '\0\u{1f600}',
    `${'A'.repeat(40)}.${'B'.repeat(40)}.C`,
  ])('because it is garbage: %j', async (garbage) => {
    expect((await refusal(garbage, authenticator())).code).toBe('WEIR_TOKEN_MALFORMED')
    expect(issuer.state.requests.keys).toBe(0)
  })

  it('because it is longer than the limit, before anything is decoded', async () => {
    const { code, reason } = await refusal(await token({ padding: 'x'.repeat(16 * 1024) }), authenticator())
    expect(code).toBe('WEIR_TOKEN_MALFORMED')
    expect(reason).toContain('16384 bytes')
  })

  it('because it is not signed (algorithm none)', async () => {
    const claims = { iss: issuer.issuer, aud: audience, sub: 'alice', iat: seconds(0), exp: seconds(60) }
    const { code, reason } = await refusal(new UnsecuredJWT(claims).encode(), authenticator())
    expect(code).toBe('WEIR_TOKEN_ALGORITHM')
    expect(reason).toContain('ES256')
  })

  it('because it is signed with the public key as an HMAC secret', async () => {
    await issuer.rotate('rsa', { algorithm: 'RS256' })
    const publicKey = (await importJWK(issuer.state.keys[0] as object, 'RS256', { extractable: true })) as CryptoKey
    const forged = await new SignJWT({
      iss: issuer.issuer,
      aud: audience,
      sub: 'alice',
      iat: seconds(0),
      exp: seconds(60),
    })
      .setProtectedHeader({ alg: 'HS256', kid: 'rsa', typ: 'at+jwt' })
      .sign(new TextEncoder().encode(await exportSPKI(publicKey)))
    expect((await refusal(forged, authenticator())).code).toBe('WEIR_TOKEN_ALGORITHM')
  })

  it('because its algorithm is not on the list of its issuer', async () => {
    expect((await refusal(await token(), authenticator({ algorithms: ['RS256'] }))).code).toBe('WEIR_TOKEN_ALGORITHM')
  })

  it('because the signature is of other content', async () => {
    const [header, , signature] = (await token()).split('.')
    const [, claims] = (await token({ sub: 'mallory' })).split('.')
    expect((await refusal(`${header}.${claims}.${signature}`, authenticator())).code).toBe('WEIR_TOKEN_SIGNATURE')
  })

  it('because it has expired, and says when', async () => {
    const { code, reason } = await refusal(await token({ exp: seconds(-31) }), authenticator())
    expect(code).toBe('WEIR_TOKEN_EXPIRED')
    expect(reason).toContain('2026-11-22T11:59:29.000Z')
  })

  it.each([['nbf'], ['iat']])('because it is not valid yet (%s)', async (claim) => {
    const { code, reason } = await refusal(await token({ [claim]: seconds(31) }), authenticator())
    expect(code).toBe('WEIR_TOKEN_NOT_YET_VALID')
    expect(reason).toContain('2026-11-22T12:00:31.000Z')
  })

  it('because it is for another audience, and says which one is expected', async () => {
    const { code, reason } = await refusal(await token({ aud: 'weir-control-plane' }), authenticator())
    expect(code).toBe('WEIR_TOKEN_AUDIENCE')
    expect(reason).toContain(audience)
    expect((await refusal(await token({ aud: undefined as unknown as string }), authenticator())).code).toBe(
      'WEIR_TOKEN_AUDIENCE',
    )
  })

  it.each(['https://other.example', undefined, 7, ''])('because its issuer is %j', async (iss) => {
    const { code, reason } = await refusal(await token({ iss: iss as string }), authenticator())
    expect(code).toBe('WEIR_TOKEN_ISSUER')
    expect(reason).toContain(issuer.issuer)
    expect(issuer.state.requests.keys).toBe(0)
  })

  it.each([
    { sub: undefined },
    { sub: '' },
    { sub: 7 },
    { exp: undefined },
    { exp: '1790000000' },
    { exp: 1e300 },
    { iat: undefined },
    { iat: 'yesterday' },
    { nbf: 'tomorrow' },
    { groups: 7 },
    { groups: ['a', 7] },
    { groups: [''] },
    { groups: { a: 1 } },
    { act: null },
    { act: 'agent' },
    { act: {} },
    { act: { sub: 'agent', iss: 7 } },
    { act: { sub: 'agent', groups: [7] } },
    { cnf: { jkt: 'thumbprint' } },
  ])('because a claim has the wrong form or is missing: %j', async (claims) => {
    expect((await refusal(await token(claims as JWTPayload), authenticator())).code).toBe('WEIR_TOKEN_CLAIMS')
  })

  it('because it is not an access token where that is required', async () => {
    const by = authenticator({ requireType: 'at+jwt' })
    expect((await refusal(await token({}, { typ: 'JWT' }), by)).code).toBe('WEIR_TOKEN_CLAIMS')
    admitted(await by.verify(await token()))
  })

  it('because it demands an extension that is not known', async () => {
    const credential = await issuer.sign({}, { nowMs: clock.now() })
    const [, claims, signature] = credential.split('.')
    const header = { alg: 'ES256', kid: 'first', crit: ['x'], x: 1 }
    const forged = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${claims}.${signature}`
    expect((await refusal(forged, authenticator())).code).toBe('WEIR_TOKEN_MALFORMED')
  })
})

describe('groups', () => {
  it.each([
    ['groups', { groups: 'payments' }, ['payments']],
    ['groups', {}, []],
    ['realm_access.roles', { realm_access: { roles: ['payments'] } }, ['payments']],
    ['realm_access.roles', { realm_access: 'none' }, []],
    ['https://example.org/groups', { 'https://example.org/groups': ['payments'] }, ['payments']],
    ['roles', { roles: ['payments'], hasgroups: true, _claim_names: { groups: 'src1' } }, ['payments']],
    ['constructor.name', {}, []],
  ])('come from the claim %s', async (groupsClaim, claims, expected) => {
    expect(admitted(await authenticator({ groupsClaim }).verify(await token(claims))).groups).toEqual(expected)
  })

  it.each([
    ['groups', { hasgroups: true }],
    ['groups', { hasgroups: 'true' }],
    ['groups', { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://x' } } }],
    ['groups', { 'groups:src1': 'https://x' }],
    ['groups', { groups: 'src1', _claim_sources: { src1: { endpoint: 'https://x' } } }],
    ['realm_access.roles', { _claim_names: { realm_access: 'src1' } }],
    ['groups', { act: { sub: 'agent', hasgroups: true } }],
  ])('left out by the issuer are an overage, not "no groups": %s %j', async (groupsClaim, claims) => {
    expect((await refusal(await token(claims), authenticator({ groupsClaim }))).code).toBe('WEIR_GROUPS_OVERAGE')
  })
})

describe('a delegation chain', () => {
  it('lists the actors, outermost first, each with issuer and groups of its own', async () => {
    const act = { sub: 'agent', groups: ['agents'], act: { sub: 'scheduler', iss: 'https://other.example' } }
    const principal = admitted(await authenticator().verify(await token({ groups: ['payments'], act })))
    expect(principal.actors).toEqual([
      { issuer: issuer.issuer, subject: 'agent', groups: ['agents'] },
      { issuer: 'https://other.example', subject: 'scheduler', groups: [] },
    ])
    expect(principal.groups).toEqual(['payments'])
  })

  it('may have three links, not four', async () => {
    const chain = (links: number): object => ({ sub: `a${links}`, ...(links === 1 ? {} : { act: chain(links - 1) }) })
    const by = authenticator()
    expect(admitted(await by.verify(await token({ act: chain(3) }))).actors).toHaveLength(3)
    const { code, reason } = await refusal(await token({ act: chain(4) }), by)
    expect(code).toBe('WEIR_TOKEN_CLAIMS')
    expect(reason).toContain('more than 3')
  })
})
