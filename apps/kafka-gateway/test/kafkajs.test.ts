import { Kafka as KafkaClient, logLevel } from 'kafkajs'
import type { Kafka as Client } from 'kafkajs'
import { needs, startKafka } from '@weir/testing'
import type { Kafka } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHarness } from './harness.ts'
import type { Harness } from './harness.ts'

const policy = `
version: 1
rules:
  - id: payments
    subjects: [{ group: payments }]
    actions: [publish, consume, describe]
    resources: ["kafka:topic:payments.*", "kafka:group:payments-*"]
    effect: allow
  - id: admins
    subjects: [{ group: admins }]
    actions: [create, delete, alter, describe]
    resources: ["kafka:topic:*", "kafka:group:*", "kafka:cluster:kafka-cluster"]
    effect: allow
  - id: by-approval
    subjects: [{ group: payments }]
    actions: [create]
    resources: ["kafka:topic:payments.*"]
    effect: require_approval
    approval: { approvers: [{ group: leads, min: 1 }], hold: 20s, decide_within: 4h, use_within: 1h, grant: once }
`

describe.skipIf(!needs('kafka'))('kafkajs through the gateway', () => {
  let kafka: Kafka
  let gateway: Harness
  beforeAll(async () => {
    kafka = await startKafka()
    gateway = await startHarness(kafka, policy)
    const admin = await connect('root', ['admins'])
    await admin.admin().createTopics({
      topics: [
        { topic: 'payments.orders', numPartitions: 2 },
        { topic: 'secret', numPartitions: 1 },
      ],
    })
  })
  afterAll(async () => {
    await gateway?.stop()
    await kafka?.stop()
  })

  async function connect(subject: string, groups: string[], clientId = 'app'): Promise<Client> {
    return new KafkaClient({
      clientId,
      brokers: [gateway.bootstrap],
      sasl: { mechanism: 'plain', username: subject, password: await gateway.token(subject, groups) },
      logLevel: logLevel.NOTHING,
      retry: { retries: 2 },
    })
  }

  test('publishes and consumes in a group, with exact offsets on record', async () => {
    const client = await connect('alice', ['payments'], 'orders-app')
    const producer = client.producer()
    await producer.connect()
    const sent = await producer.send({
      topic: 'payments.orders',
      messages: Array.from({ length: 10 }, (_, i) => ({ value: `order ${i}`, partition: 0 })),
    })
    await producer.disconnect()
    const consumer = client.consumer({ groupId: 'payments-app' })
    await consumer.connect()
    await consumer.subscribe({ topic: 'payments.orders', fromBeginning: true })
    const values: string[] = []
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: ({ message }) => {
          values.push(String(message.value))
          if (values.length === 10) resolve()
          return Promise.resolve()
        },
      })
    })
    await consumer.disconnect()
    expect(values).toEqual(Array.from({ length: 10 }, (_, i) => `order ${i}`))
    expect(sent[0]?.baseOffset).toBe('0')

    const published = gateway.of('kafka.publish')
    expect(published).toMatchObject([
      { topic: 'payments.orders', partition: 0, firstOffset: 0, lastOffset: 9, records: 10, clientId: 'orders-app' },
    ])
    const consumed = gateway.of('kafka.consume')
    expect(consumed[0]).toMatchObject({ topic: 'payments.orders', partition: 0, firstOffset: 0, group: 'payments-app' })
    expect(consumed.at(-1)?.lastOffset).toBe(9)
    const session = gateway.of('session.start').find((event) => event.sessionId === published[0]?.sessionId)
    expect(session?.principal).toMatchObject({ subject: 'alice', groups: ['payments'] })
  })

  test('a topic without a right answers with the authorization error of Kafka', async () => {
    const client = await connect('alice', ['payments'])
    const producer = client.producer()
    await producer.connect()
    await expect(producer.send({ topic: 'secret', messages: [{ value: 'x' }] })).rejects.toThrow(/not authorized/i)
    await producer.disconnect()
    expect(gateway.of('decision.deny').at(-1)).toMatchObject({ action: 'describe', resource: 'kafka:topic:secret' })
  })

  test('a group without a right is refused', async () => {
    const client = await connect('alice', ['payments'])
    const consumer = client.consumer({ groupId: 'other' })
    await consumer.connect()
    await consumer.subscribe({ topic: 'payments.orders' })
    const crash = new Promise<string>((resolve) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error.message))
    })
    await consumer.run({ eachMessage: () => Promise.resolve() })
    expect(await crash).toMatch(/group coordinator/i)
    expect(gateway.of('decision.deny').at(-1)).toMatchObject({ resource: 'kafka:group:other' })
    await consumer.disconnect()
  })

  test('what needs an approval is refused with the reason while approvals cannot be asked for', async () => {
    const client = await connect('alice', ['payments'])
    const admin = client.admin()
    await admin.connect()
    await expect(admin.createTopics({ topics: [{ topic: 'payments.new' }] })).rejects.toThrow()
    await admin.disconnect()
    expect(gateway.of('decision.deny').at(-1)).toMatchObject({ effect: 'hold', ruleId: 'by-approval' })
  })

  test('a wrong token is refused, and the record says why', async () => {
    const client = new KafkaClient({
      clientId: 'x',
      brokers: [gateway.bootstrap],
      sasl: { mechanism: 'plain', username: 'alice', password: 'nonsense' },
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    })
    const admin = client.admin()
    await expect(admin.connect()).rejects.toThrow(/authentication|token/i)
    expect(gateway.of('authentication.refused').at(-1)).toMatchObject({
      mechanism: 'PLAIN',
      code: 'WEIR_TOKEN_MALFORMED',
    })
  })
})
