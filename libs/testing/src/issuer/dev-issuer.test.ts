import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeProtectedHeader } from 'jose'
import * as openid from 'openid-client'
import { verifyToken } from '../../test/verify-token.ts'
import { startDevIssuer } from './dev-issuer.ts'
import type { DevIssuer } from './dev-issuer.ts'
import { logInAs } from './scripted-login.ts'

let issuer: DevIssuer
/** From before the first start: the provider complains once per process. */
const consoleSpies = (['log', 'info', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level))
beforeAll(async () => {
  issuer = await startDevIssuer()
})
afterAll(() => issuer.stop())

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

const discover = (clientId: string, authentication: openid.ClientAuth) =>
  openid.discovery(new URL(issuer.issuer), clientId, undefined, authentication, {
    execute: [openid.allowInsecureRequests],
  })
const machine = (name: string) => discover(name, openid.ClientSecretPost(`${name}-secret`))
const person = () => discover('weir-cli', openid.None())

const verified = (token: string, audience?: string) => verifyToken(issuer.issuer, token, audience)

describe('client credentials', () => {
  it.each([['ClientSecretPost'], ['ClientSecretBasic']] as const)('work with %s, for all audiences', async (method) => {
    const config = await discover('etl', openid[method]('etl-secret'))
    const tokens = await openid.clientCredentialsGrant(config)
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600 })
    expect(await verified(tokens.access_token)).toMatchObject({ sub: 'etl', client_id: 'etl', groups: ['etl'] })
    await verified(tokens.access_token, 'weir-control-plane')
  })

  it.each(['audience', 'resource'])('can be for one audience, named by `%s`', async (parameter) => {
    const config = await machine('kafka-gateway')
    const tokens = await openid.clientCredentialsGrant(config, { [parameter]: 'weir-control-plane', scope: 'any' })
    expect((await verified(tokens.access_token, 'weir-control-plane')).aud).toBe('weir-control-plane')
  })

  it('are refused for an unknown audience, a wrong secret and a person', async () => {
    await expect(openid.clientCredentialsGrant(await machine('etl'), { audience: 'other' })).rejects.toMatchObject({
      error: 'invalid_target',
    })
    const wrong = await discover('etl', openid.ClientSecretPost('guess'))
    await expect(openid.clientCredentialsGrant(wrong)).rejects.toMatchObject({ error: 'invalid_client' })
    await expect(openid.clientCredentialsGrant(await person())).rejects.toMatchObject({ error: 'invalid_request' })
  })
})

describe('code with PKCE', () => {
  async function logIn(name: string) {
    const config = await person()
    const verifier = openid.randomPKCECodeVerifier()
    const state = openid.randomState()
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: 'http://127.0.0.1:54321/callback',
      scope: 'openid offline_access',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    })
    const callback = await logInAs(name, url.href)
    expect(callback.host).toBe('127.0.0.1:54321')
    const checks = { pkceCodeVerifier: verifier, expectedState: state }
    return { config, tokens: await openid.authorizationCodeGrant(config, callback, checks) }
  }

  it('logs a person in by name and gives access, id and refresh tokens', async () => {
    const { config, tokens } = await logIn('alice')
    const expected = { sub: 'alice', groups: ['payments'], client_id: 'weir-cli', aud: issuer.audiences }
    expect(await verified(tokens.access_token)).toMatchObject(expected)
    expect(tokens.claims()).toMatchObject({ sub: 'alice', aud: 'weir-cli' })

    const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
    expect(renewed.access_token).not.toBe(tokens.access_token)
    expect(await verified(renewed.access_token)).toMatchObject(expected)
  })

  it('goes on over a change of keys', async () => {
    const { config, tokens } = await logIn('bob')
    const kid = await issuer.rotate()
    const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
    expect(decodeProtectedHeader(renewed.access_token).kid).toBe(kid)
    expect(await verified(renewed.access_token)).toMatchObject({ sub: 'bob', groups: ['analysts'] })
    await verified(tokens.access_token)
  })

  it('demands PKCE, and a redirect to a loopback address', async () => {
    const config = await person()
    const plain = openid.buildAuthorizationUrl(config, { redirect_uri: 'http://127.0.0.1:1/callback', scope: 'openid' })
    expect((await logInAs('alice', plain.href)).searchParams.get('error')).toBe('invalid_request')
    plain.searchParams.set('redirect_uri', 'http://elsewhere.example/callback')
    await expect(logInAs('alice', plain.href)).rejects.toThrow(/redirect_uri/)
  })

  it('asks again for a name that is nobody’s, and shows it escaped', async () => {
    const config = await person()
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: 'http://127.0.0.1:1/callback',
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    })
    await expect(logInAs('<mallory>', url.href)).rejects.toThrow('There is nobody called &#34;&#60;mallory&#62;&#34;')
  })
})

describe('the device flow', () => {
  it('logs a person in on another screen', async () => {
    const config = await person()
    const device = await openid.initiateDeviceAuthorization(config, { scope: 'openid' })
    expect(device.verification_uri).toBe(`${issuer.issuer}/device`)
    const end = await logInAs('carol', device.verification_uri_complete as string)
    expect(end.pathname).toMatch(/^\/device\//)
    const tokens = await openid.pollDeviceAuthorizationGrant(config, { ...device, interval: 0 })
    expect(await verified(tokens.access_token)).toMatchObject({ sub: 'carol', groups: ['platform-leads'] })
  })

  it('does not know a code that it did not give', async () => {
    const end = await logInAs('carol', `${issuer.issuer}/device?user_code=AAAA-AAAA`).catch((error: Error) => error)
    expect(String(end)).toContain('That code is not known')
  })
})

describe('token exchange', () => {
  const exchange = async (actor: string, subjectToken: string) =>
    openid.genericGrantRequest(await machine(actor), exchangeGrant, {
      subject_token: subjectToken,
      subject_token_type: accessTokenType,
      audience: 'weir-kafka',
    })

  it('gives the agent a token of alice that says who acts', async () => {
    const tokens = await exchange('agent', await issuer.token('alice'))
    expect(tokens['issued_token_type']).toBe(accessTokenType)
    expect(await verified(tokens.access_token)).toMatchObject({
      sub: 'alice',
      aud: 'weir-kafka',
      groups: ['payments'],
      act: { sub: 'agent', groups: [] },
    })
  })

  it('keeps who acted before, and does not outlive the token it came from', async () => {
    const tokens = await exchange('agent', await issuer.token('alice', { act: 'etl', expiresInSeconds: 100 }))
    const { act } = await verified(tokens.access_token)
    expect(act).toEqual({ sub: 'agent', groups: [], act: { sub: 'etl', groups: ['etl'] } })
    expect(tokens.expires_in).toBeLessThanOrEqual(100)
  })

  it.each([
    ['for somebody it may not act for', 'agent', () => issuer.token('bob'), 'invalid_grant'],
    ['with an expired token', 'agent', () => issuer.token('alice', { expiresInSeconds: -10 }), 'invalid_grant'],
    ['with garbage', 'agent', async () => 'garbage', 'invalid_grant'],
    ['by a machine that acts for nobody', 'etl', () => issuer.token('alice'), 'invalid_request'],
  ])('is refused %s', async (_, actor, subjectToken, error) => {
    await expect(exchange(actor, await subjectToken())).rejects.toMatchObject({ error })
  })
})

describe('keys', () => {
  it('that are withdrawn no longer verify', async () => {
    const own = await startDevIssuer()
    try {
      const before = await own.token('alice')
      const kid = await own.rotate({ withdraw: true })
      const { keys } = (await (await fetch(`${own.issuer}/jwks`)).json()) as { keys: Record<string, unknown>[] }
      expect(keys.map((key) => key['kid'])).toEqual([kid])
      expect(keys[0]).not.toHaveProperty('d')
      expect(decodeProtectedHeader(before).kid).not.toBe(kid)
    } finally {
      await own.stop()
    }
  })
})

describe('starting', () => {
  it('is refused in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    await expect(startDevIssuer()).rejects.toMatchObject({ code: 'WEIR_CONFIG_INVALID' })
    vi.unstubAllEnvs()
  })

  it('is refused on an address that others can reach', async () => {
    await expect(startDevIssuer({ host: '0.0.0.0' as '127.0.0.1' })).rejects.toMatchObject({
      code: 'WEIR_CONFIG_INVALID',
    })
  })

  it('is refused on a port in use, by name', async () => {
    await expect(startDevIssuer({ port: issuer.port })).rejects.toMatchObject({
      code: 'WEIR_PORT_IN_USE',
      message: expect.stringContaining(String(issuer.port)),
    })
  })

  it('is refused when two have the same name', async () => {
    const people = [{ subject: 'etl', groups: [] }]
    await expect(startDevIssuer({ people })).rejects.toThrow('etl twice')
  })
})

it('says nothing on the console, whatever was asked of it', async () => {
  await fetch(`${issuer.issuer}/.well-known/openid-configuration`, { headers: { origin: 'http://example.org' } })
  for (const spy of consoleSpies) expect(spy).not.toHaveBeenCalled()
})
