import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { heartbeatOf, startTestControlPlane } from '../../test/control-plane.ts'
import type { TestControlPlane } from '../../test/control-plane.ts'
import { newSigningKey } from '../../test/segments.ts'

let weir: TestControlPlane
let carol: string
beforeAll(async () => {
  weir = await startTestControlPlane({ limits: { bodyBytes: '4KiB', segmentBytes: '8KiB', requestTime: '1s' } })
  carol = weir.token('carol', ['auditors', 'authors'])
})
afterAll(() => weir.stop())

describe('bad input', () => {
  const json = { 'content-type': 'application/json' }
  test.each([
    ['a query of the wrong type', 'sessions', { query: { limit: 'many' } }, 400, 'query.limit'],
    ['a limit beyond the bound', 'sessions', { query: { limit: '5000' } }, 400, 'query.limit'],
    ['a body that is no JSON', 'checkPolicy', { body: '{', headers: json }, 400, 'JSON'],
    ['a body of the wrong shape', 'checkPolicy', { body: { yaml: 1 } }, 400, 'body.yaml'],
    ['a body that would reach into prototypes', 'checkPolicy', { body: '{"__proto__":{}}', headers: json }, 400, ''],
    ['another kind of content', 'checkPolicy', { body: 'a', headers: { 'content-type': 'text/plain' } }, 415, ''],
    ['a body that is too large', 'checkPolicy', { body: { yaml: 'x'.repeat(5_000) } }, 413, 'too large'],
    [
      'a text that no database holds',
      'access',
      { query: { action: 'publish', topic: '\0', partition: '0', offset: '0' } },
      400,
      '',
    ],
    [
      'a number that no database holds',
      'access',
      { query: { action: 'publish', topic: 't', partition: '4294967296', offset: '0' } },
      400,
      '',
    ],
    [
      'another protocol',
      'access',
      { query: { protocol: 'mqtt', action: 'publish', topic: 't', partition: '0', offset: '0' } },
      422,
      'mqtt',
    ],
    ['a cursor of another list', 'evidence', { query: { cursor: 'WzFd' } }, 400, 'cursor'],
    [
      'a resource without a kind',
      'explainPolicy',
      { body: { principal: { subject: 'a' }, action: 'publish', resource: 'kafka:t' } },
      400,
      'resource',
    ],
    ['something that is not there', 'session', { params: { id: 'none' } }, 404, 'none'],
  ] as const)('%s', async (_what, route, input, status, told) => {
    const response = await weir.call(route, { token: carol, ...input })
    expect(response.statusCode).toBe(status)
    const { error } = response.json<{ error: { code: string; message: string } }>()
    expect(error.code).toMatch(/^WEIR_(INVALID_REQUEST|LIMIT_EXCEEDED|UNSUPPORTED|NOT_FOUND)$/)
    expect(error.message).toContain(told)
    expect(response.headers['x-request-id']).toMatch(/^req_/)
    expect(JSON.stringify(response.json())).not.toMatch(/node_modules|\.ts:/)
  })

  test('a path that is no route', async () => {
    const response = await weir.http.inject('/v2/anything')
    expect([response.statusCode, response.json<{ error: { code: string } }>().error.code]).toEqual([
      404,
      'WEIR_NOT_FOUND',
    ])
  })
})

test('fields that are not known are ignored, as a newer client may send them', async () => {
  const token = weir.token('kafka-gateway')
  const body = { ...heartbeatOf('kafka-1', newSigningKey()), somethingNew: { a: 1 } }
  expect((await weir.call('heartbeat', { token, body })).statusCode).toBe(200)
})

test('a request keeps the id that it came with, unless that is not fit for a log', async () => {
  const idOf = async (id: string) =>
    (await weir.call('whoami', { token: carol, headers: { 'x-request-id': id } })).headers['x-request-id']
  expect(await idOf('trace-1')).toBe('trace-1')
  expect(await idOf('a b\tc')).toMatch(/^req_/)
})

test('a fault is told by its request id, and logged without what was in the query', async () => {
  const broken = await startTestControlPlane()
  const token = broken.token('carol', ['auditors'])
  await broken.store.close()
  const response = await broken.call('evidence', { token, query: { resource: 'planted-secret' } })
  expect([500, 503]).toContain(response.statusCode)
  const text = response.body + broken.log()
  expect(text).not.toContain('planted-secret')
  expect(text).not.toContain(token)
  expect(response.body).not.toContain('stack')
  await broken.stop().catch(() => {})
})

test('a client that does not finish its request is let go', async () => {
  const socket = connect(weir.address.port, weir.address.host)
  socket.write('POST /v1/policies/check HTTP/1.1\r\nhost: weir\r\ncontent-length: 100\r\n\r\n{')
  await new Promise<void>((resolve) => socket.once('close', () => resolve()).resume())
})
