import { describe, expect, test } from 'vitest'
import { server } from '../test/control-plane.ts'
import type { Reply } from '../test/control-plane.ts'
import { clientCredentialsToken } from './index.ts'

async function issuer(options: { expiresInS?: number; methods?: string[]; answer?: Reply } = {}) {
  let count = 0
  const started = await server(({ url, request }) => {
    const origin = `http://${request.headers.host}`
    if (url.pathname === '/.well-known/openid-configuration') {
      const methods = options.methods === undefined ? {} : { token_endpoint_auth_methods_supported: options.methods }
      return { json: { issuer: origin, token_endpoint: `${origin}/token`, ...methods } }
    }
    count++
    return (
      options.answer ?? {
        json: { access_token: `token-${count}`, token_type: 'Bearer', expires_in: options.expiresInS },
      }
    )
  })
  const source = clientCredentialsToken({
    issuer: started.url,
    clientId: 'gw',
    clientSecret: 's€cret',
    audience: 'weir',
  })
  return { ...started, source }
}

describe('client credentials', () => {
  test('give one token for all who ask, until it is near its end or refused', async () => {
    const { source, calls } = await issuer({ expiresInS: 3600 })
    expect(await Promise.all([source(), source(), source()])).toEqual(['token-1', 'token-1', 'token-1'])
    expect(await source()).toBe('token-1')
    expect(await source({ fresh: true })).toBe('token-2')
    expect(await source()).toBe('token-2')
    const body = new URLSearchParams(calls.find((call) => call.url.pathname === '/token')!.body.toString())
    expect(Object.fromEntries(body)).toEqual({
      grant_type: 'client_credentials',
      client_id: 'gw',
      client_secret: 's€cret',
      audience: 'weir',
    })
  })

  test('are asked again 30 s before the end', async () => {
    const { source } = await issuer({ expiresInS: 30 })
    expect(await source()).toBe('token-1')
    expect(await source()).toBe('token-2')
  })

  test('go into the header where the issuer takes nothing else', async () => {
    const { source, calls } = await issuer({ methods: ['client_secret_basic'] })
    await source()
    const { request, body } = calls.at(-1)!
    expect(request.headers.authorization).toBe(`Basic ${Buffer.from('gw:s%E2%82%ACcret').toString('base64')}`)
    expect(body.toString()).not.toContain('cret')
  })

  test.each<[string, Reply, string]>([
    ['a refusal', { status: 400, json: { error: 'invalid_client' } }, 'WEIR_UNAUTHENTICATED'],
    ['a challenge', { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }, 'WEIR_UNAUTHENTICATED'],
    ['a fault of the issuer', { status: 500, json: { error: 'server_error' } }, 'WEIR_ISSUER_UNAVAILABLE'],
    ['nonsense', { text: 'hello' }, 'WEIR_ISSUER_UNAVAILABLE'],
  ])('%s has its own code', async (_, answer, code) => {
    const { source } = await issuer({ answer })
    const error = await source().catch((each: unknown) => each as Error)
    expect(error).toMatchObject({ code })
    expect((error as Error).message).not.toContain('s€cret')
  })

  test('work as soon as the issuer is there', async () => {
    const { url, stop } = await server(() => ({}))
    await stop()
    const source = clientCredentialsToken({ issuer: url, clientId: 'gw', clientSecret: 's' })
    await expect(source()).rejects.toMatchObject({ code: 'WEIR_ISSUER_UNAVAILABLE' })
    await expect(source()).rejects.toMatchObject({ code: 'WEIR_ISSUER_UNAVAILABLE' })
  })

  test('do not travel in plain text beyond loopback', () => {
    const options = { clientId: 'gw', clientSecret: 's' }
    expect(() => clientCredentialsToken({ issuer: 'http://issuer.example', ...options })).toThrow(
      expect.objectContaining({ code: 'WEIR_CONFIG_INVALID' }),
    )
    expect(() => clientCredentialsToken({ issuer: 'http://127.evil.example', ...options })).toThrow('https')
    expect(() => clientCredentialsToken({ issuer: 'https://issuer.example', ...options })).not.toThrow()
  })
})
