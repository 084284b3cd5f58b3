/** The broker side in trouble, clients that stop reading, several brokers, and the gateway's own login. */
import { createServer, connect } from 'node:net'
import type { Server, Socket } from 'node:net'
import { Kafka as KafkaClient, logLevel } from 'kafkajs'
import { createTopics, errorCode, fetch, metadata, produce } from '@weir/kafka-protocol'
import { freePort, needs, startKafka } from '@weir/testing'
import type { Kafka } from '@weir/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { recordBatch } from './batch.ts'
import { startHarness } from './harness.ts'
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

describe.skipIf(!needs('kafka'))('trouble behind the gateway', () => {
  let kafka: Kafka
  let relay: Relay
  let gateway: Harness
  beforeAll(async () => {
    const relayPort = await freePort()
    kafka = await startKafka({ plainListeners: { RELAYED: { advertisedPort: relayPort } } })
    relay = new Relay(kafka.brokers[0]?.plainPorts['RELAYED'] ?? 0)
    await relay.listen(relayPort)
    gateway = await startHarness(kafka, policy, {
      upstream: { bootstrap: [`127.0.0.1:${relayPort}`], sasl: undefined },
      limits: { maxBufferedBytes: '1MiB', connectTimeout: '2s' },
    })
    const admin = await login()
    await admin.ask(createTopics, 5, {
      topics: [{ name: 'big', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    })
    await vi.waitFor(
      async () => {
        const answer = await put(admin, 'x'.repeat(700_000))
        expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0)
      },
      { timeout: 10_000 },
    )
    admin.close()
  })
  afterEach(() => {
    relay.cutAfterBytes = undefined
    relay.refusing = false
    relay.answerDelayMs = 0
  })
  afterAll(async () => {
    await gateway?.stop()
    await relay?.stop()
    await kafka?.stop()
  })

  const login = async () => WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
  const put = (client: WireClient, value: string) =>
    client.ask(produce, 9, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: 'big', partitionData: [{ index: 0, records: recordBatch([value]) }] }],
    })
  const fetchBig = {
    maxWaitMs: 100,
    minBytes: 1,
    topics: [{ topic: 'big', partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_000_000 }] }],
    forgottenTopicsData: [],
  }

  test('a broker that is cut off in the middle of an answer ends this connection, with nothing half delivered', async () => {
    const client = await login()
    const bystander = await login()
    await bystander.ask(metadata, 4, { topics: [], allowAutoTopicCreation: false })
    await client.ask(metadata, 4, { topics: [], allowAutoTopicCreation: false })
    const before = gateway.of('kafka.consume').length
    relay.cutAfterBytes = 100_000
    await expect(client.ask(fetch, 11, fetchBig)).rejects.toThrow(/closed/)
    await client.closed
    expect(client.received).toBe(0)
    expect(gateway.of('kafka.consume')).toHaveLength(before)
    expect(gateway.of('session.end').at(-1)?.reason).toBe('upstream')
    relay.cutAfterBytes = undefined
    const again = await login()
    expect((await again.ask(fetch, 11, fetchBig)).responses[0]?.partitions[0]?.errorCode).toBe(0)
    again.close()
    bystander.close()
  })

  test('a broker that refuses connections ends the request, not the gateway', async () => {
    relay.refusing = true
    const client = await login()
    await expect(client.ask(metadata, 4, { topics: [], allowAutoTopicCreation: false })).rejects.toThrow(/closed/)
    expect(gateway.logs()).toContain('WEIR_UPSTREAM_UNAVAILABLE')
    relay.refusing = false
    const again = await login()
    expect((await again.ask(metadata, 4, { topics: [], allowAutoTopicCreation: false })).brokers).toHaveLength(1)
    again.close()
  })

  test('a client that goes before its answer leaves no hole in the record: the broker appended, so it is recorded', async () => {
    const client = await login()
    await put(client, 'seen')
    const before = gateway.of('kafka.publish').length
    relay.answerDelayMs = 500
    client.post(produce, 9, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: 'big', partitionData: [{ index: 0, records: recordBatch(['unseen', 'too']) }] }],
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    client.close()
    await vi.waitFor(() => expect(gateway.of('kafka.publish')).toHaveLength(before + 1), { timeout: 5_000 })
    const event = gateway.of('kafka.publish').at(-1)
    expect(event).toMatchObject({ topic: 'big', records: 2 })
    await vi.waitFor(() => expect(gateway.of('session.end').at(-1)?.sessionId).toBe(event?.sessionId), {
      timeout: 5_000,
    })
    expect(gateway.events.at(-1)?.event.type).toBe('session.end')
  })

  test('a client that stops reading is not read for: what waits for it stays bounded, and all of it comes when it reads again', async () => {
    const client = await login()
    await client.ask(metadata, 4, { topics: [], allowAutoTopicCreation: false })
    const before = relay.bytesToClients
    client.pause()
    const requests = 150
    for (let i = 0; i < requests; i++) client.post(fetch, 11, fetchBig)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const fetched = relay.bytesToClients - before
    // The limit, the frames under way and the kernel's buffers of four sockets; far below the 105 MB that were asked for.
    expect(fetched).toBeLessThan(40 * 1024 * 1024)
    client.resume()
    for (let i = 0; i < requests; i++) expect((await client.next()).length).toBeGreaterThan(700_000)
    client.close()
  })
})

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
    const started = startHarness(kafka, policy, {
      upstream: { sasl: { mechanism: 'SCRAM-SHA-256', username: kafka.credential.username, password: 'wrong' } },
    })
    const outcome = await Promise.race([
      started.then(() => 'started'),
      new Promise((resolve) => setTimeout(() => resolve('waiting'), 3_000)),
    ])
    expect(outcome).toBe('waiting')
    await kafka.stop()
  })
})

/** A TCP relay in front of the broker that can refuse, and cut an answer after so many bytes. */
class Relay {
  refusing = false
  cutAfterBytes: number | undefined
  /** Answers of the broker are held back this long. */
  answerDelayMs = 0
  bytesToClients = 0
  readonly #target: number
  #server: Server | undefined
  readonly #sockets = new Set<Socket>()

  constructor(target: number) {
    this.#target = target
  }

  listen(port: number): Promise<void> {
    this.#server = createServer((client) => this.#serve(client))
    return new Promise((resolve) => this.#server?.listen(port, '127.0.0.1', () => resolve()))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  #serve(client: Socket): void {
    if (this.refusing) {
      client.destroy()
      return
    }
    const broker = connect(this.#target, '127.0.0.1')
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        broker.destroy()
      })
    }
    client.pipe(broker)
    let sent = 0
    broker.on('data', (chunk: Buffer) => {
      if (this.answerDelayMs > 0) {
        setTimeout(() => client.write(chunk), this.answerDelayMs)
        return
      }
      sent += chunk.length
      this.bytesToClients += chunk.length
      if (this.cutAfterBytes !== undefined && sent > this.cutAfterBytes) {
        client.resetAndDestroy()
        return
      }
      if (!client.write(chunk)) {
        broker.pause()
        client.once('drain', () => broker.resume())
      }
    })
  }
}
