/** Several brokers, and the gateway's own login at them. */
import { createTopics, errorCode, metadata, produce } from '@weir/kafka-protocol'
import { needs, startKafka } from '@weir/testing'
import type { Kafka } from '@weir/testing'
import { Kafka as KafkaClient, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { recordBatch } from './batch.ts'
import { prepareHarness, startHarness } from './harness.ts'
import type { Harness } from './harness.ts'
import { WireClient } from './wire.ts'

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'
const policy = `
version: 1
rules:
  - id: team
    subjects: [{ group: team }]
    actions: [publish, consume, describe, create]
    resources: ["kafka:topic:*", "kafka:group:*"]
    effect: allow
`

describe.skipIf(!needs('kafka'))('several brokers', { timeout: 60_000 }, () => {
  let kafka: Kafka
  let gateway: Harness
  beforeAll(async () => {
    kafka = await startKafka({ brokers: 2 })
    gateway = await startHarness(kafka, policy, { upstream: { sasl: { mechanism: 'PLAIN', ...kafka.credential } } })
  })
  afterAll(async () => {
    await gateway?.stop()
    await kafka?.stop()
  })

  test('every broker is reached through a port of its own, and no answer names a real address', async () => {
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    const answer = await client.ask(metadata, 12, { topics: null, allowAutoTopicCreation: false })
    expect(
      answer.brokers.map((b) => [b.nodeId, b.host, b.port]).toSorted((a, b) => Number(a[0]) - Number(b[0])),
    ).toEqual([
      [1, '127.0.0.1', gateway.brokerPortBase + 1],
      [2, '127.0.0.1', gateway.brokerPortBase + 2],
    ])
    client.close()
  })

  test('a leader that moved is named with the port of the gateway (KIP-951), and clients follow', async () => {
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    await client.ask(createTopics, 5, {
      topics: [
        {
          name: 'led',
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }],
          configs: [],
        },
      ],
    })
    const ask = async () =>
      (await client.ask(metadata, 12, { topics: [{ name: 'led', topicId: zeroId }], allowAutoTopicCreation: false }))
        .topics[0]
    await vi.waitFor(async () => expect((await ask())?.partitions[0]?.isrNodes).toHaveLength(2), { timeout: 15_000 })
    // Asked at broker 2, which does not lead: the answer says who does, and where.
    const follower = await WireClient.login(
      `127.0.0.1:${gateway.brokerPortBase + 2}`,
      await gateway.token('alice', ['team']),
    )
    const answer = await follower.ask(produce, 10, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: 'led', partitionData: [{ index: 0, records: recordBatch(['x']) }] }],
    })
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(errorCode.NOT_LEADER_OR_FOLLOWER)
    expect(answer.nodeEndpoints).toMatchObject([{ nodeId: 1, host: '127.0.0.1', port: gateway.brokerPortBase + 1 }])
    follower.close()

    const producer = new KafkaClient({
      clientId: 'mover',
      brokers: [gateway.bootstrap],
      sasl: { mechanism: 'plain', username: 'alice', password: await gateway.token('alice', ['team']) },
      logLevel: logLevel.NOTHING,
    }).producer()
    await producer.connect()
    await producer.send({ topic: 'led', messages: [{ value: 'before', partition: 0 }] })
    await kafka.killNode(2)
    await producer.send({ topic: 'led', messages: [{ value: 'after', partition: 0 }] })
    await producer.disconnect()
    expect(gateway.of('kafka.publish').map((e) => [e.topic, e.firstOffset])).toEqual([
      ['led', 0],
      ['led', 1],
    ])
    client.close()
  })
})

describe.skipIf(!needs('kafka'))('the gateway as a client of the broker', { timeout: 60_000 }, () => {
  test('logs in again before its session at the broker ends (KIP-368), also under load', async () => {
    const kafka = await startKafka({ properties: { 'listener.name.client.connections.max.reauth.ms': '2000' } })
    const gateway = await startHarness(kafka, policy, {
      upstream: { sasl: { mechanism: 'SCRAM-SHA-512', ...kafka.credential } },
    })
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    const until = Date.now() + 6_000
    let answers = 0
    while (Date.now() < until) {
      const ids = Array.from({ length: 20 }, () =>
        client.post(metadata, 4, { topics: [], allowAutoTopicCreation: false }),
      )
      for (const id of ids) {
        expect((await client.next()).readInt32BE(0)).toBe(id)
        answers++
      }
    }
    expect(answers).toBeGreaterThan(100)
    client.close()
    await gateway.stop()
    await kafka.stop()
  })

  test('a wrong credential is said where the operator looks, and clients are not let in', async () => {
    const kafka = await startKafka()
    const gateway = await prepareHarness(kafka, policy, {
      upstream: { sasl: { mechanism: 'SCRAM-SHA-256', username: kafka.credential.username, password: 'wrong' } },
    })
    void gateway.start()
    await vi.waitFor(() => expect(gateway.problem('cluster')).toContain('refused'), { timeout: 10_000 })
    expect(gateway.problem('listener')).toBe('not listening yet')
    expect(gateway.logs()).toContain('WEIR_UPSTREAM_AUTHENTICATION')
    await expect(WireClient.open(gateway.bootstrap)).rejects.toThrow('ECONNREFUSED')
    await gateway.stop()
    await kafka.stop()
  })
})
