import { get } from 'node:http'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyToken } from '../../test/verify-token.ts'
import { startDevIssuer } from './dev-issuer.ts'
import type { DevIssuer } from './dev-issuer.ts'

let issuer: DevIssuer
beforeAll(async () => {
  issuer = await startDevIssuer()
})
afterAll(() => issuer.stop())

const verified = (token: string) => verifyToken(issuer.issuer, token)

describe('tokens without a login', () => {
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${issuer.issuer}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  it('are made in the process, with anything a test may want', async () => {
    const token = await issuer.token('zoe', {
      audience: 'weir-kafka',
      groups: ['g'],
      act: ['agent', 'etl'],
      claims: { hasgroups: true, groups: undefined },
    })
    const claims = await verified(token)
    expect(claims).toMatchObject({ sub: 'zoe', act: { sub: 'agent', act: { sub: 'etl' } }, hasgroups: true })
    expect(claims).not.toHaveProperty('groups')
    const { exp, iat } = decodeJwt(await issuer.token('alice', { expiresInSeconds: -60 }))
    expect((exp as number) - (iat as number)).toBe(-60)
    await expect(issuer.token('nobody')).rejects.toThrow('knows no nobody')
  })

  it('are made over HTTP', async () => {
    const response = await post({ subject: 'alice', audience: 'weir-kafka', expiresInSeconds: 60, act: 'agent' })
    const body = (await response.json()) as { access_token: string; expires_in: number }
    expect(body.expires_in).toBe(60)
    expect(await verified(body.access_token)).toMatchObject({
      sub: 'alice',
      groups: ['payments'],
      act: { sub: 'agent' },
    })
  })

  it.each([
    ['not JSON', '{', 400],
    ['null', 'null', 400],
    ['without a subject', {}, 400],
    ['for nobody', { subject: 'nobody' }, 400],
    ['for a property of every object', { subject: 'constructor' }, 400],
    ['with an option that is not known', { subject: 'alice', claims: {} }, 400],
    ['with an option of the wrong form', { subject: 'alice', groups: 'payments' }, 400],
    ['too long', { subject: 'x'.repeat(20_000) }, 413],
  ])('are refused when the request is %s', async (_, body, status) => {
    expect((await post(body)).status).toBe(status)
  })

  it('are refused to a form of another web page', async () => {
    expect((await post({ subject: 'alice' }, { 'content-type': 'text/plain' })).status).toBe(415)
  })

  it('are refused to a name that is not the issuer’s own', async () => {
    // fetch sets Host itself, so this goes by node:http.
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'rebound.example' }
      get({ host: '127.0.0.1', port: issuer.port, path: '/jwks', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).on('error', reject)
    })
    expect(status).toBe(421)
  })
})
