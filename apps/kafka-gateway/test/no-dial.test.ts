/** What an unauthenticated client sends never makes the gateway dial a broker. */
import { createServer, connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { apiVersions, encodeRequest, metadata, saslHandshake } from '@weir/kafka-protocol'
import { needs, startKafka } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHarness } from './harness.ts'
import type { Harness } from './harness.ts'
import { WireClient } from './wire.ts'

const policy = `
version: 1
rules:
  - { id: all, subjects: [{ anyone: true }], actions: [describe], resources: ["kafka:topic:*"], effect: allow }
`

describe.skipIf(!needs('kafka'))('before authentication', () => {
  let dials = 0
  let gateway: Harness
  const closing: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    const counter = createServer((client) => {
      dials++
      const broker = connect(target, '127.0.0.1')
      client.on('error', () => broker.destroy())
      broker.on('error', () => client.destroy())
      client.pipe(broker).pipe(client)
    })
    await new Promise<void>((resolve) => counter.listen(0, '127.0.0.1', resolve))
    const { port } = counter.address() as AddressInfo
    const kafka = await startKafka({ plainListeners: { RELAYED: { advertisedPort: port } } })
    const target = kafka.brokers[0]?.plainPorts['RELAYED'] ?? 0
    gateway = await startHarness(kafka, policy, {
      upstream: { bootstrap: [`127.0.0.1:${port}`], sasl: undefined, refresh: '1h' },
    })
    closing.push(
      () => gateway.stop(),
      () => kafka.stop(),
      () => new Promise((resolve) => counter.close(resolve)),
    )
  })
  afterAll(async () => {
    for (const close of closing) await close()
  })

  test('ApiVersions and SaslHandshake are answered, other requests refused, and no broker hears of any of it', async () => {
    const before = dials
    const header = { correlationId: 1, clientId: 'stranger' }
    for (let i = 0; i < 20; i++) {
      const client = await WireClient.open(gateway.bootstrap)
      client.raw(encodeRequest(apiVersions, 3, header, { clientSoftwareName: 'x', clientSoftwareVersion: '1' }))
      await client.next()
      client.raw(encodeRequest(saslHandshake, 1, header, { mechanism: 'PLAIN' }))
      await client.next()
      client.raw(encodeRequest(metadata, 4, header, { topics: null, allowAutoTopicCreation: false }))
      await client.closed
    }
    expect(dials).toBe(before)
  })

  test('one broker connection for each client connection, dialled with the first request that needs it', async () => {
    const before = dials
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice'))
    expect(dials).toBe(before)
    await client.ask(metadata, 4, { topics: [], allowAutoTopicCreation: false })
    await client.ask(metadata, 4, { topics: [], allowAutoTopicCreation: false })
    expect(dials).toBe(before + 1)
    client.close()
  })
})
