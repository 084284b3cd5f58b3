/** TLS between the gateway and the brokers: authorities, names and certificates of clients. */
import { createTopics, fetch, listOffsets, metadata, produce } from '@weir/kafka-protocol'
import { createAuthority, needs, startKafka } from '@weir/testing'
import type { Authority, Kafka, KafkaOptions } from '@weir/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { recordBatch } from './batch.ts'
import { prepareHarness } from './harness.ts'
import type { Harness } from './harness.ts'
import { WireClient } from './wire.ts'

const policy = `
version: 1
rules:
  - id: team
    subjects: [{ group: team }]
    actions: [publish, consume, describe, create]
    resources: ["kafka:topic:*"]
    effect: allow
`
/** What the brokers' certificate is for: a name, and no address. */
const brokerName = 'broker.test'

describe.skipIf(!needs('kafka'))('TLS to the brokers', { timeout: 60_000 }, () => {
  let authority: Authority
  let stranger: Authority
  let kafka: Kafka
  const gateways: Harness[] = []
  beforeAll(async () => {
    authority = await createAuthority('brokers')
    stranger = await createAuthority('somebody else')
  })
  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.stop()
  })
  afterAll(() => {
    authority?.remove()
    stranger?.remove()
  })

  async function startBroker(options: { clientCertificates?: boolean; names?: string }): Promise<Kafka> {
    const { certificate, key } = await authority.issue({
      commonName: 'broker',
      names: options.names ?? `DNS:${brokerName}`,
    })
    const tls: KafkaOptions['tls'] = {
      authority: authority.ca,
      certificate,
      key,
      clientCertificates: options.clientCertificates ?? false,
    }
    return startKafka({ tls })
  }

  async function prepare(tls: object) {
    const gateway = await prepareHarness(kafka, policy, { upstream: { tls } })
    gateways.push(gateway)
    return gateway
  }

  /** The operator reads why, and nobody is let in. */
  async function expectShut(tls: object, why: RegExp): Promise<void> {
    const gateway = await prepare(tls)
    void gateway.start()
    await vi.waitFor(() => expect(gateway.problem('cluster')).toMatch(why), { timeout: 10_000 })
    expect(gateway.problem('cluster')).toContain(kafka.bootstrap)
    expect(gateway.logs()).toContain('WEIR_UPSTREAM_UNAVAILABLE')
    expect(gateway.problem('listener')).toBe('not listening yet')
    await expect(WireClient.open(gateway.bootstrap)).rejects.toThrow('ECONNREFUSED')
  }

  /** A topic is made, written and read through the gateway. */
  async function expectOpen(tls: object, topic: string): Promise<void> {
    const gateway = await prepare(tls)
    await gateway.start()
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    const created = await client.ask(createTopics, 5, {
      topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    })
    expect(created.topics[0]?.errorCode).toBe(0)
    const latest = { replicaId: -1, topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }] }
    await vi.waitFor(
      async () => expect((await client.ask(listOffsets, 1, latest)).topics[0]?.partitions[0]?.errorCode).toBe(0),
      { timeout: 10_000 },
    )
    // More than one TLS record (16 KiB) each way.
    const values = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(10_000, 'x'))
    const written = await client.ask(produce, 9, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: recordBatch(values) }] }],
    })
    expect(written.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0n })
    const read = await client.ask(fetch, 11, {
      maxWaitMs: 500,
      minBytes: 1,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_000_000 }] }],
      forgottenTopicsData: [],
    })
    const records = read.responses[0]?.partitions[0]?.records
    expect(records?.toString('latin1')).toContain(values.at(-1))
    expect(gateway.of('kafka.consume').at(-1)).toMatchObject({ topic, firstOffset: 0, lastOffset: 39, records: 40 })
    const { brokers } = await client.ask(metadata, 4, { topics: [], allowAutoTopicCreation: false })
    expect(brokers).toMatchObject([{ host: '127.0.0.1', port: gateway.brokerPortBase + 1 }])
    client.close()
  }

  describe('that ask for no certificate', () => {
    beforeAll(async () => {
      kafka = await startBroker({})
    })
    afterAll(() => kafka?.stop())

    test('records pass when authority and name are right', async () => {
      await expectOpen({ ca: authority.ca, serverName: brokerName }, 'through-tls')
    })

    test('another authority than that of the brokers keeps the gateway shut', async () => {
      await expectShut({ ca: stranger.ca, serverName: brokerName }, /certificate/)
    })

    test('so do the authorities of the system, which know nothing of ours', async () => {
      await expectShut({ serverName: brokerName }, /certificate/)
    })

    test('so does a name that the certificate is not for, and the address counts as the name when none is given', async () => {
      await expectShut({ ca: authority.ca, serverName: 'other.test' }, /other\.test/)
      await expectShut({ ca: authority.ca }, /127\.0\.0\.1/)
    })

    test('a gateway that speaks no TLS is not let in either', async () => {
      const gateway = await prepareHarness(kafka, policy, { limits: { connectTimeout: '2s' } })
      gateways.push(gateway)
      void gateway.start()
      await vi.waitFor(() => expect(gateway.logs()).toContain('cluster not reached'), { timeout: 10_000 })
      await expect(WireClient.open(gateway.bootstrap)).rejects.toThrow('ECONNREFUSED')
    })
  })

  describe('that ask for a certificate', () => {
    beforeAll(async () => {
      kafka = await startBroker({ clientCertificates: true, names: 'IP:127.0.0.1' })
    })
    afterAll(() => kafka?.stop())

    test('records pass with one of their authority; the address is a name too', async () => {
      const { certificate, key } = await authority.issue({ commonName: 'gateway' })
      await expectOpen({ ca: authority.ca, certificate, key }, 'through-mtls')
    })

    test('without one the gateway stays shut', async () => {
      await expectShut({ ca: authority.ca }, /certificate/)
    })

    test('with one of another authority too', async () => {
      const { certificate, key } = await stranger.issue({ commonName: 'gateway' })
      await expectShut({ ca: authority.ca, certificate, key }, /certificate/)
    })
  })
})
