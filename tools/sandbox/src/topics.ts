import { Kafka, logLevel } from 'kafkajs'
import type { Kafka as Broker } from '@weir/testing'
import { topics } from './people.ts'

/** Makes the sandbox's topics at the broker itself, where they are missing. */
export async function createTopics(broker: Broker): Promise<void> {
  const { username, password } = broker.credential
  const client = new Kafka({
    clientId: 'sandbox',
    brokers: [broker.bootstrap],
    sasl: { mechanism: 'plain', username, password },
    logLevel: logLevel.NOTHING,
  })
  const admin = client.admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = topics.filter((topic) => !existing.has(topic.name))
    if (missing.length === 0) return
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ name, partitions }) => ({ topic: name, numPartitions: partitions, replicationFactor: 1 })),
    })
  } finally {
    await admin.disconnect()
  }
}
