import { describe, expect, test } from 'vitest'
import { server } from '../test/control-plane.ts'
import type { Reply } from '../test/control-plane.ts'
import { ApiError, createApiClient } from './index.ts'

const token = async () => 'token-1'
const unreachable = { code: 'WEIR_CONTROL_PLANE_UNREACHABLE' }
const me = { issuer: 'https://issuer.example', subject: 'alice', groups: [], rights: ['evidence'] }

async function client(answer: Reply, options: { timeoutMs?: number } = {}) {
  const { url, calls } = await server(() => answer)
  return { api: createApiClient({ baseUrl: `${url}/`, token, ...options }), calls }
}

describe('a call', () => {
  test('carries the token, path, query and body of its route, and reads the answer', async () => {
    const { api, calls } = await client({ json: { ...me, unknown: 1 } })
    expect(await api.call('whoami')).toEqual(me)
    expect(calls[0]).toMatchObject({ method: 'GET', url: { pathname: '/v1/whoami' } })
    expect(calls[0]!.request.headers.authorization).toBe('Bearer token-1')
  })

  test('encodes what stands in the path and leaves out what is undefined in the query', async () => {
    const { api, calls } = await client({ json: { sessions: [] } })
    await api.call('sessions', { query: { subject: 'a b&c', limit: 5, cursor: undefined } })
    expect(calls[0]!.url.search).toBe('?subject=a+b%26c&limit=5')
    await api.call('session', { params: { id: 'a/../b?c' } }).catch(() => {})
    expect(calls[1]!.url.pathname).toBe('/v1/sessions/a%2F..%2Fb%3Fc')
  })

  test('sends JSON, and bytes as they are', async () => {
    const { api, calls } = await client({
      json: { outcome: 'stored', nextSeq: 2, headSha256: 'x', valid: true, problems: [] },
    })
    await api.call('checkPolicy', { body: { yaml: 'rules: []' } })
    expect(calls[0]).toMatchObject({ method: 'POST', body: Buffer.from('{"yaml":"rules: []"}') })
    const body = Buffer.of(0, 255, 10)
    const params = { gatewayId: 'gw', epoch: 'epo' }
    await api.call('appendSegment', { params, body, headers: { 'weir-segment-signature': 's' } })
    expect(calls[1]!.body).toEqual(body)
    expect(calls[1]!.request.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'weir-segment-signature': 's',
    })
  })

  test('does not compile without what the route needs', () => {
    const api = createApiClient({ baseUrl: 'http://127.0.0.1:1', token })
    const wrong = [
      // @ts-expect-error a session has an id
      () => api.call('session'),
      // @ts-expect-error a policy has a text
      () => api.call('checkPolicy', { body: {} }),
      // @ts-expect-error there is no such route
      () => api.call('nothing'),
    ]
    expect(wrong).toHaveLength(3)
  })

  test('asks for another token once when the first is refused', async () => {
    const { url, calls } = await server(({ request }) =>
      request.headers.authorization === 'Bearer fresh'
        ? { json: me }
        : { status: 401, json: { error: { code: 'WEIR_UNAUTHENTICATED', message: 'no' } } },
    )
    const api = createApiClient({ baseUrl: url, token: async (options) => (options?.fresh ? 'fresh' : 'stale') })
    expect(await api.call('whoami')).toEqual(me)
    const refused = createApiClient({ baseUrl: url, token: async () => 'stale' })
    await expect(refused.call('whoami')).rejects.toMatchObject({ code: 'WEIR_UNAUTHENTICATED', status: 401 })
    expect(calls).toHaveLength(4)
  })
})

describe('a call that fails', () => {
  test('throws the code, the text and the details of the control plane', async () => {
    const details = [{ message: 'unknown key', line: 3, column: 5 }]
    const { api } = await client({
      status: 422,
      json: { error: { code: 'WEIR_POLICY_INVALID', message: 'The policy…', details } },
    })
    const error = await api.call('applyPolicy', { body: { yaml: '' } }).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ code: 'WEIR_POLICY_INVALID', message: 'The policy…', status: 422, details })
  })

  test.each<[string, Reply]>([
    ['a page of a proxy', { status: 502, text: '<html>' }],
    ['a code of the future', { status: 400, json: { error: { code: 'WEIR_NEW', message: '' } } }],
    ['an answer of another shape', { json: { issuer: 1 } }],
    ['no JSON', { text: 'hello' }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
  ])('%s is no answer of the control plane', async (_, reply) => {
    const { api } = await client(reply)
    await expect(api.call('whoami')).rejects.toMatchObject(unreachable)
  })

  test('says so when nobody is there, and why', async () => {
    const { url, stop } = await server(() => ({}))
    await stop()
    const error = await createApiClient({ baseUrl: url, token })
      .call('whoami')
      .catch((each: unknown) => each)
    expect(error).toMatchObject({ ...unreachable, cause: { code: 'ECONNREFUSED' } })
  })

  test('ends when no answer comes in time, or when its caller has enough', async () => {
    const { url } = await server(() => undefined)
    const api = createApiClient({ baseUrl: url, token, timeoutMs: 50 })
    await expect(api.call('whoami')).rejects.toThrow('within 50 ms')
    const reason = new Error('enough')
    const stop = new AbortController()
    const waiting = api.call('whoami', { signal: stop.signal, timeoutMs: 60_000 })
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })

  test('does not read an answer without end', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 0x20)
    let sent = 0
    const { url } = await server((_, response) => {
      const pump = () => {
        while (!response.destroyed && sent < 200 && response.write(chunk)) sent++
      }
      response.on('drain', pump)
      pump()
      return undefined
    })
    await expect(createApiClient({ baseUrl: url, token }).call('whoami')).rejects.toMatchObject({
      ...unreachable,
      cause: { message: expect.stringContaining('larger than') },
    })
    expect(sent).toBeLessThan(200)
  })

  test('throws what the token source throws', async () => {
    const error = new Error('no token')
    const api = createApiClient({ baseUrl: 'http://127.0.0.1:1', token: () => Promise.reject(error) })
    await expect(api.call('whoami')).rejects.toBe(error)
  })
})
