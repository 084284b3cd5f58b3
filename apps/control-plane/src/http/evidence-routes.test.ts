import type { Access, EvidenceEntry, SessionView } from '@weir/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { heartbeatOf, segmentInput, startTestControlPlane } from '../../test/control-plane.ts'
import type { TestControlPlane } from '../../test/control-plane.ts'
import type { Store } from '../store/store.ts'
import { access, newSigningKey, sealSegments, sessionStart } from '../../test/segments.ts'
import { evidenceRoutes } from './evidence-routes.ts'
import type { Call } from './handlers.ts'

let weir: TestControlPlane
let carol: string
const key = newSigningKey()

beforeAll(async () => {
  weir = await startTestControlPlane()
  carol = weir.token('carol', ['auditors'])
  const token = weir.token('kafka-gateway')
  const body = heartbeatOf('kafka-1', key, { oldestUnshippedMs: 250 })
  await weir.call('heartbeat', { token, body })
  await weir.call('heartbeat', { token, body: heartbeatOf('kafka-2', key) })
  const [segment] = await sealSegments('kafka-1', key, [
    [
      sessionStart('ses_1', 'alice'),
      access('kafka.publish', 'ses_1', { topic: 'payments.orders', first: 0, last: 9 }),
      access('kafka.consume', 'ses_1', { topic: 'payments.orders', first: 0, last: 9 }, { requestedOffset: 5 }),
    ],
  ])
  expect((await weir.call('appendSegment', { token, ...segmentInput(segment!) })).statusCode).toBe(200)
})
afterAll(() => weir.stop())

const position = { topic: 'payments.orders', partition: '0', offset: '3' }

test('who wrote and who read is answered, with what gateways still hold', async () => {
  const ask = async (query: Record<string, string>) =>
    (await weir.call('access', { token: carol, query: { ...position, ...query } })).json<{
      accesses: Access[]
      pending: object[]
    }>()
  const wrote = await ask({ action: 'publish' })
  expect(wrote).toMatchObject({
    accesses: [
      { person: { subject: 'alice' }, sessionId: 'ses_1', gatewayId: 'kafka-1', firstOffset: 0, lastOffset: 9 },
    ],
    pending: [{ gatewayId: 'kafka-1', oldestUnshippedMs: 250 }],
  })
  expect((await ask({ action: 'consume' })).accesses).toMatchObject([{ group: 'billing', requestedOffset: 5 }])
  expect((await ask({ action: 'publish', offset: '10' })).accesses).toEqual([])
  expect((await ask({ action: 'publish', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' })).accesses).toEqual([])
})

test('sessions are listed and shown', async () => {
  const list = await weir.call('sessions', { token: carol, query: { open: 'true', subject: 'alice' } })
  expect(list.json<{ sessions: SessionView[] }>().sessions.map((session) => session.id)).toEqual(['ses_1'])
  const one = await weir.call('session', { token: carol, params: { id: 'ses_1' } })
  expect(one.json()).toMatchObject({
    peer: '10.0.0.7:50123',
    mechanism: 'OAUTHBEARER',
    person: { groups: ['payments'] },
  })
})

test('every look is itself on record: who, where from, and what was asked', async () => {
  const erin = weir.token('erin', ['auditors'], { jti: 'token-of-erin' })
  await weir.call('sessions', { token: erin, query: { subject: 'alice' } })
  await weir.call('session', { token: erin, params: { id: 'none' } })
  await weir.call('access', { token: erin, query: { ...position, action: 'consume' } })
  await weir.call('evidence', { token: erin })
  await weir.call('evidence', { token: weir.token('erin'), query: { resource: 'refused' } })
  await weir.call('evidence', { token: erin, query: { limit: 'refused' } })
  const response = await weir.call('evidence', { token: carol, query: { type: 'evidence.look', subject: 'erin' } })
  const { events } = response.json<{ events: EvidenceEntry[] }>()
  expect(events.map(({ event }) => event)).toMatchObject([
    { route: 'evidence', query: { limit: 100 } },
    { route: 'access', query: { action: 'consume', topic: 'payments.orders', partition: 0, offset: 3 } },
    { route: 'session', query: { id: 'none' } },
    { route: 'sessions', query: { subject: 'alice' } },
  ])
  expect(events[0]).toMatchObject({
    type: 'evidence.look',
    gatewayId: 'control-plane',
    event: {
      issuer: weir.issuer.url,
      subject: 'erin',
      credentialId: 'token-of-erin',
      peer: expect.stringContaining('127.0.0.1'),
    },
  })
})

test('what cannot be put on record is not answered', async () => {
  const broken = await startTestControlPlane()
  const token = broken.token('carol', ['auditors'])
  broken.store.evidence.recordLook = () => Promise.reject(new Error('no room'))
  const response = await broken.call('evidence', { token })
  expect(response.statusCode).toBe(500)
  expect(response.body).not.toContain('events')
  await broken.stop()
})

test('a silent gateway counts as holding evidence when it had sessions', async () => {
  const gateway = (gatewayId: string, sessions: number, lastSeenAtMs: number) => ({
    gatewayId,
    sessions,
    lastSeenAtMs,
    oldestUnshippedMs: 0,
  })
  const list = () =>
    Promise.resolve([gateway('up', 3, 95_000), gateway('crashed', 3, 60_000), gateway('retired', 0, 60_000)])
  const evidence = { access: () => Promise.resolve({ accesses: [], more: false }) }
  const clock = { now: () => 100_000, monotonicMs: () => 0 }
  const { access: answer } = evidenceRoutes({ store: { gateways: { list }, evidence } as unknown as Store, clock })
  const query = { protocol: 'kafka', action: 'publish', topic: 't', partition: 0, offset: 0 } as const
  expect(await answer({ query } as Call<'access'>)).toMatchObject({
    pending: [{ gatewayId: 'crashed', oldestUnshippedMs: 40_000 }],
  })
})
