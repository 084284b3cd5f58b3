import { Writable } from 'node:stream'
import { mintKey } from '@weir/identity'
import { Lifecycle, createLogger, createMetrics } from '@weir/kernel'
import { temporaryFolder } from '@weir/testing'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { admission, hourMs } from '../test/guard-world.ts'
import { ControlPlaneStandIn } from '../test/stand-in.ts'
import { startGateway } from './gateway.ts'
import { Session } from './session.ts'
import type { SessionChange } from './session.ts'
import { gatewaySchema } from './settings.ts'

const everybody =
  'version: 1\nrules:\n  - { id: all, subjects: [{ anyone: true }], actions: [consume], resources: ["kafka:topic:*"], effect: allow }\n'
const nobody = 'version: 1\nrules: []\n'
const broken = 'version: 1\nrules: [{ id: half }]\n'

let plane: ControlPlaneStandIn
let dataDir: string
let url: string

beforeEach(async () => {
  plane = new ControlPlaneStandIn()
  await plane.start()
  url = plane.url
  onTestFinished(() => plane.stop())
  const folder = temporaryFolder()
  onTestFinished(() => folder.remove())
  dataDir = folder.path
})

/** A gateway without a front end, on the data folder of this test. */
async function start() {
  const lines: { level: string; message: string; address?: string; code?: string; err?: { message: string } }[] = []
  const destination = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const logger = createLogger({ app: 'test-gateway', destination })
  const lifecycle = new Lifecycle({ logger, drainMs: 10_000 })
  onTestFinished(() => lifecycle.stop())
  const settings = gatewaySchema().parse({
    gatewayId: 'test-1',
    dataDir,
    admin: { bind: '127.0.0.1:0' },
    identity: { issuers: [{ issuer: 'https://issuer.example', audiences: ['weir'] }] },
    controlPlane: {
      url,
      bundleKey: plane.bundleKey,
      credentials: { issuer: url, clientId: 'test-1', clientSecret: 'of-the-gateway' },
    },
  })
  const frame = await startGateway({
    settings,
    protocol: 'kafka',
    version: '9.9.9',
    logger,
    metrics: createMetrics(),
    lifecycle,
  })
  const admin = lines.find((line) => line.message === 'admin port open')?.address
  const ready = async () => {
    const response = await fetch(`http://${admin}/readyz`)
    return { status: response.status, body: await response.json() }
  }
  return { ...frame, lifecycle, lines, ready }
}

/** A Weir key of bob: what a client presents, and what bundles carry of it. */
function keyOfBob() {
  const { id, secret, scramSha256, scramSha512 } = mintKey()
  const owner = { issuer: 'https://issuer.example', subject: 'bob', groups: [], expiresAtMs: Date.now() + hourMs }
  return { secret, verifier: { id, scramSha256, scramSha512, ...owner } }
}

test('is ready when the first bundle is in force', async () => {
  const gateway = await start()
  let hasPolicy = false
  void gateway.hasPolicy.then(() => (hasPolicy = true))
  expect(await gateway.ready()).toEqual({
    status: 503,
    body: { ready: false, parts: { policy: 'no policy bundle yet' } },
  })
  expect(hasPolicy).toBe(false)
  plane.publish(everybody)
  await gateway.hasPolicy
  expect(await gateway.ready()).toEqual({ status: 200, body: { ready: true, parts: { policy: 'ready' } } })
})

test('a part of the front end can hold readiness back', async () => {
  plane.publish(everybody)
  const gateway = await start()
  await gateway.hasPolicy
  let problem: string | undefined = 'no broker answers'
  gateway.addReadiness('cluster', () => problem)
  expect(await gateway.ready()).toEqual({
    status: 503,
    body: { ready: false, parts: { policy: 'ready', cluster: 'no broker answers' } },
  })
  problem = undefined
  expect((await gateway.ready()).status).toBe(200)
})

test('decides by the bundle in force, and follows a new one', async () => {
  const { secret, verifier } = keyOfBob()
  plane.publish(everybody, [verifier])
  const gateway = await start()
  await gateway.hasPolicy
  const session = await gateway.guard.admit(secret, admission)
  if (!(session instanceof Session)) throw new Error(session.code)
  const changes: SessionChange[] = []
  session.onChange((change) => changes.push(change))
  const operation = { action: 'consume', resource: 'kafka:topic:public.clicks', attributes: {} } as const
  expect(gateway.guard.decide(session, operation).effect).toBe('allow')
  plane.publish(nobody, [verifier])
  await vi.waitFor(() => expect(changes).toEqual(['policy']))
  expect(gateway.guard.decide(session, operation)).toMatchObject({ effect: 'deny', ruleId: 'policy.default' })
})

test.each([
  ['does not compile', broken, undefined, 'policy.yaml:2:'],
  ['has another text than it says', nobody, '0123456789abcdef', 'its text has revision'],
])('a bundle whose policy %s is refused; policy and keys stay', async (_, yaml, policyRevision, why) => {
  const { secret, verifier } = keyOfBob()
  plane.publish(everybody, [verifier])
  const gateway = await start()
  await gateway.hasPolicy
  const before = gateway.guard.policyRevision
  plane.publish(yaml, [], policyRevision)
  await vi.waitFor(() => expect(gateway.lines.map((line) => line.message)).toContain('policy bundle refused'))
  const line = gateway.lines.find(({ message }) => message === 'policy bundle refused')
  expect(line).toMatchObject({ level: 'error', code: 'WEIR_BUNDLE_INVALID' })
  expect(line?.err?.message).toContain(why)
  expect(gateway.guard.policyRevision).toBe(before)
  expect(await gateway.guard.admit(secret, admission)).toBeInstanceOf(Session)
  expect((await gateway.ready()).status).toBe(200)

  plane.publish(nobody, [verifier])
  await vi.waitFor(() => expect(gateway.guard.policyRevision).not.toBe(before))
})

test('a revoked key lets nobody in and is told to the session that it opened; other sessions go on', async () => {
  const revoked = keyOfBob()
  const kept = keyOfBob()
  plane.publish(everybody, [revoked.verifier, kept.verifier])
  const gateway = await start()
  await gateway.hasPolicy
  const changes: string[] = []
  for (const { secret, verifier } of [revoked, kept]) {
    const session = await gateway.guard.admit(secret, admission)
    if (!(session instanceof Session)) throw new Error(session.code)
    session.onChange((change) => changes.push(`${verifier === kept.verifier ? 'kept' : 'revoked'}: ${change}`))
  }
  plane.publish(everybody, [kept.verifier])
  await vi.waitFor(() => expect(changes).toEqual(['revoked: revoked', 'kept: policy']))
  expect(await gateway.guard.admit(revoked.secret, admission)).toMatchObject({ code: 'WEIR_KEY_UNKNOWN' })
})

test('starts from the bundle on disk while the control plane is away, and ships what was recorded when it is back', async () => {
  const { secret, verifier } = keyOfBob()
  plane.publish(everybody, [verifier])
  const first = await start()
  await first.hasPolicy
  const revision = first.guard.policyRevision
  await first.lifecycle.stop()
  await plane.stop()

  const gateway = await start()
  await gateway.hasPolicy
  expect(gateway.guard.policyRevision).toBe(revision)
  expect((await gateway.ready()).status).toBe(200)
  const session = await gateway.guard.admit(secret, admission)
  if (!(session instanceof Session)) throw new Error(session.code)
  await gateway.guard.end(session, 'closed')?.durable

  await plane.start(Number(new URL(url).port))
  await vi.waitFor(() => expect(plane.events.map(({ type }) => type)).toEqual(['session.start', 'session.end']), 12_000)
  expect(plane.events[0]).toMatchObject({ sessionId: session.id, principal: { subject: 'bob' } })
})

test('the heartbeat says how the gateway is', async () => {
  const { secret, verifier } = keyOfBob()
  const bundleRevision = plane.publish(everybody, [verifier])
  const gateway = await start()
  await gateway.hasPolicy
  await gateway.guard.admit(secret, admission)
  await vi.waitFor(() => expect(plane.heartbeats.at(-1)).toMatchObject({ sessions: 1 }), 12_000)
  expect(plane.heartbeats.at(-1)).toMatchObject({
    gatewayId: 'test-1',
    protocol: 'kafka',
    version: '9.9.9',
    bundleRevision,
    policyRevision: gateway.guard.policyRevision,
    publicKey: expect.stringMatching(/^[\w-]{59}$/) as string,
  })
})

test('the folder of a gateway that runs cannot be taken by another', async () => {
  await start()
  await expect(start()).rejects.toMatchObject({ code: 'WEIR_SPOOL_IN_USE' })
})
