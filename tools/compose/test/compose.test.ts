/** The services of the compose file, started with exactly its commands, environments and configurations. */
import { join } from 'node:path'
import { needs, runProcess, temporaryFolder } from '@weir/testing'
import type { TemporaryFolder } from '@weir/testing'
import { Kafka as KafkaClient, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prepareContainers } from './containers.ts'
import type { Containers } from './containers.ts'
import { root } from './files.ts'

const topic = 'payments.orders'

describe.skipIf(!needs('kafka', 'postgres'))('the services of docker-compose.yml', () => {
  let folder: TemporaryFolder
  let containers: Containers

  beforeAll(async () => {
    folder = temporaryFolder()
    for (const built of ['apps/control-plane', 'apps/kafka-gateway', 'tools/dev-issuer']) {
      const { code, stderr } = await runProcess(process.execPath, [join(root, 'tools/build/src/main.ts'), built], {
        cwd: root,
      })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    }
    containers = await prepareContainers(folder.path)
    const topics = await containers.run('topics')
    expect(topics).toMatchObject({ code: 0 })
    for (const service of ['dev-issuer', 'control-plane', 'kafka-gateway']) await containers.start(service)
  }, 180_000)
  afterAll(async () => {
    await containers?.stop()
    folder.remove()
  })

  const address = (port: number) => `127.0.0.1:${containers.places.port('control-plane', port)}`

  async function tokenOf(subject: string, audience: string): Promise<string> {
    const response = await fetch(`http://${address(8081)}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ subject, audience }),
    })
    return ((await response.json()) as { access_token: string }).access_token
  }

  async function clientOf(subject: string): Promise<KafkaClient> {
    return new KafkaClient({
      brokers: [address(9092)],
      logLevel: logLevel.NOTHING,
      sasl: { mechanism: 'plain', username: subject, password: await tokenOf(subject, 'weir') },
      retry: { retries: 2 },
    })
  }

  test('a person writes and reads through the gateway, and the control plane knows who it was', async () => {
    const client = await clientOf('alice')
    const producer = client.producer()
    await producer.connect()
    const [sent] = await producer.send({ topic, messages: [{ partition: 0, value: 'hello' }] })
    await producer.disconnect()
    const offset = sent?.baseOffset ?? 'none'

    const consumer = client.consumer({ groupId: 'payments-compose' })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const read = await new Promise<string>((resolve) => {
      void consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) })
    })
    await consumer.disconnect()
    expect(read).toBe('hello')

    const carol = await tokenOf('carol', 'weir-control-plane')
    const ask = async (action: string) => {
      const query = new URLSearchParams({ action, topic, partition: '0', offset })
      const response = await fetch(`http://${address(8080)}/v1/evidence/access?${String(query)}`, {
        headers: { authorization: `Bearer ${carol}` },
      })
      return (await response.json()) as { accesses: { session: { person: { subject: string } } }[] }
    }
    for (const action of ['publish', 'consume']) {
      await expect
        .poll(async () => JSON.stringify(await ask(action)), { timeout: 20_000, interval: 300 })
        .toContain('"subject":"alice"')
    }
  }, 90_000)

  test('a person without rights gets the error that a broker would give', async () => {
    const producer = (await clientOf('dave')).producer()
    await producer.connect()
    await expect(producer.send({ topic, messages: [{ value: 'no' }] })).rejects.toMatchObject({
      cause: { type: 'TOPIC_AUTHORIZATION_FAILED' },
    })
    await producer.disconnect()
  }, 60_000)

  test('the broker itself turns away who has not the credential of the gateway', async () => {
    const direct = new KafkaClient({
      brokers: [containers.kafka.bootstrap],
      logLevel: logLevel.NOTHING,
      sasl: { mechanism: 'plain', username: 'alice', password: await tokenOf('alice', 'weir') },
      retry: { retries: 0 },
    })
    await expect(direct.admin().connect()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  }, 60_000)
})
