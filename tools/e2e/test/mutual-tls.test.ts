import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createApiClient } from '@weir/control-plane-client'
import type { ApiClient, ClientTls } from '@weir/control-plane-client'
import { gatewaySettings, startGateway } from '@weir/guard'
import type { GatewayFrame } from '@weir/guard'
import { Lifecycle, createLogger, createMetrics } from '@weir/kernel'
import { createAuthority, freePort, startDevIssuer, startProcess, temporaryFolder } from '@weir/testing'
import type { Authority, DevIssuer, IssuedCertificate, RunningProcess, TemporaryFolder } from '@weir/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'

const main = join(import.meta.dirname, '..', '..', '..', 'apps', 'control-plane', 'src', 'main.ts')
const policy = `version: 1
rules:
  - { id: all, subjects: [{ anyone: true }], actions: [consume], resources: ["kafka:topic:*"], effect: allow }
`
const arrivalLimit = { timeout: 30_000, interval: 100 }

let folder: TemporaryFolder
let authority: Authority
let issuer: DevIssuer
let controlPlane: RunningProcess
let url: string
let gatewayCertificate: IssuedCertificate
const stops: (() => Promise<void>)[] = []
const file = (name: string) => join(folder.path, name)

beforeAll(async () => {
  folder = temporaryFolder()
  authority = await createAuthority('weir test authority')
  issuer = await startDevIssuer()
  gatewayCertificate = await authority.issue({ commonName: 'kafka gateway 1' })
  const server = await authority.issue({ commonName: 'control plane', names: 'DNS:weir.internal' })
  const port = await freePort()
  url = `https://127.0.0.1:${port}`
  const files = { 'ca.pem': authority.ca, 'server.pem': server.certificate, 'server.key': server.key, policy }
  for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text)
  writeFileSync(
    file('control-plane.yaml'),
    `listen: 127.0.0.1:${port}
dataDir: ${file('control-plane')}
tls: { certificate: "\${file:server.pem}", key: "\${file:server.key}", clientCa: "\${file:ca.pem}" }
identity: { issuers: [{ issuer: ${issuer.issuer}, audiences: [weir-control-plane] }] }
rights: { evidence: [platform-leads], gateways: [platform-leads] }
gateways: [{ ids: [kafka-1], certificate: kafka gateway 1 }]
policy: { initial: ${file('policy')} }
admin: { bind: 127.0.0.1:${await freePort()} }
`,
  )
  controlPlane = await startProcess(process.execPath, [main, '--config', file('control-plane.yaml')])
  await controlPlane.waitFor(/api served/, 60_000)
})
afterAll(async () => {
  for (const stop of stops) await stop()
  await controlPlane.stop()
  await issuer.stop()
  authority.remove()
  folder.remove()
})

/** The authority and the name to expect, and a certificate where there is one. */
const tlsWith = (own?: IssuedCertificate): ClientTls => ({ ca: authority.ca, serverName: 'weir.internal', ...own })

/** A gateway without a front end, with no proof but its certificate. */
async function startFrame(): Promise<{ frame: GatewayFrame; log: () => string }> {
  let lines = ''
  const destination = new Writable({
    write(chunk, _, done) {
      lines += String(chunk)
      done()
    },
  })
  const logger = createLogger({ app: 'test-gateway', destination })
  const lifecycle = new Lifecycle({ logger, drainMs: 10_000 })
  stops.push(() => lifecycle.stop())
  const settings = z.strictObject(gatewaySettings).parse({
    gatewayId: 'kafka-1',
    dataDir: file('gateway'),
    admin: { bind: '127.0.0.1:0' },
    identity: { issuers: [{ issuer: issuer.issuer, audiences: ['weir-kafka'] }] },
    controlPlane: {
      url,
      bundleKey: readFileSync(file('control-plane/bundle-key.pub'), 'utf8'),
      tls: tlsWith(gatewayCertificate),
    },
  })
  const metrics = createMetrics()
  const frame = await startGateway({ settings, protocol: 'kafka', version: '9.9.9', logger, metrics, lifecycle })
  return { frame, log: () => lines }
}

test('a gateway that has only a certificate gets its policy, is seen alive, and ships its evidence', async () => {
  const { frame, log } = await startFrame()
  await frame.hasPolicy
  const session = await frame.guard.admit(await issuer.token('alice'), {
    protocol: 'kafka',
    mechanism: 'OAUTHBEARER',
    peer: { address: '192.0.2.7', port: 40_123, tls: true },
    clientId: 'billing-1',
    clientSoftware: undefined,
  })
  if ('refused' in session) throw new Error(session.reason)
  await frame.guard.end(session, 'closed')?.durable

  const carol = createApiClient({ baseUrl: url, token: () => issuer.token('carol'), tls: tlsWith() })
  await vi.waitFor(async () => {
    const { sessions } = await carol.call('sessions')
    expect(sessions).toEqual([
      expect.objectContaining({ id: session.id, person: expect.objectContaining({ subject: 'alice' }) }),
    ])
    expect(sessions[0]).toMatchObject({ gatewayId: 'kafka-1', peer: '192.0.2.7:40123', endReason: 'closed' })
  }, arrivalLimit)
  // The first heartbeat may be older than the first bundle.
  await vi.waitFor(async () => {
    const { gateways } = await carol.call('gateways')
    expect(gateways).toEqual([expect.objectContaining({ gatewayId: 'kafka-1', version: '9.9.9', bundleRevision: 1 })])
  }, arrivalLimit)
  expect(log()).not.toMatch(/WEIR_|BEGIN|PRIVATE/)
})

test('no certificate, that of another name, an expired one and that of another authority get nothing', async () => {
  const stranger = await createAuthority('stranger')
  stops.push(async () => stranger.remove())
  const commonName = 'kafka gateway 1'
  const bundleFor = (api: ApiClient) => api.call('currentBundle', { query: {} })
  const as = (own?: IssuedCertificate) => createApiClient({ baseUrl: url, tls: tlsWith(own) })
  await expect(bundleFor(as(gatewayCertificate))).resolves.toBeDefined()
  const refused = [
    undefined,
    await authority.issue({ commonName: 'kafka gateway 2' }),
    await authority.issue({ commonName, isExpired: true }),
    await stranger.issue({ commonName }),
  ]
  for (const own of refused) {
    await expect(bundleFor(as(own))).rejects.toMatchObject({ code: 'WEIR_UNAUTHENTICATED', status: 401 })
  }
})
