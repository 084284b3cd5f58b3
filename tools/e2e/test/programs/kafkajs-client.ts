/**
 * A program of its own around kafkajs. Its first argument is what to do, as JSON; it prints a line of JSON for each batch that
 * was acknowledged and each record that came, and `{"error": …}` with kafkajs's own words where it was refused.
 */
import { readFileSync } from 'node:fs'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import type { EachMessageHandler, SASLOptions } from 'kafkajs'

export type KafkaJsTask = {
  readonly bootstrap: string
  readonly clientId: string
  /** A password, or with `issuer` client credentials for OAUTHBEARER. */
  readonly login: {
    readonly username: string
    readonly password?: string
    readonly passwordFile?: string
    readonly issuer?: string
  }
  readonly retries?: number
} & (PublishTask | ConsumeTask)

type PublishTask = {
  readonly action: 'publish'
  readonly topic: string
  readonly partition: number
  /** The number of records of each batch. Values are `<client id>:<number>`; with `keys` keys go round over so many. */
  readonly batches: readonly number[]
  readonly keys?: number
  readonly acks?: 0 | -1
  readonly gzip?: boolean
  readonly pauseMs?: number
}

type ConsumeTask = {
  readonly action: 'consume'
  readonly topic: string
  readonly group: string
  /** Partition 0 is read up to here, exclusive; without it one record of any partition is enough. */
  readonly until?: number
}

const task = JSON.parse(process.argv[2] ?? '') as KafkaJsTask
const client = new Kafka({
  clientId: task.clientId,
  brokers: [task.bootstrap],
  sasl: saslOptions(),
  // A token is renewed this long before its end: it must be less than the token's life.
  reauthenticationThreshold: 4_000,
  logLevel: logLevel.NOTHING,
  retry: { retries: task.retries ?? 2, initialRetryTime: 200 },
})

try {
  if (task.action === 'publish') await publish(task)
  else await consume(task)
} catch (error) {
  say({ error: (error as Error).message })
  // What is still connected would go on.
  process.exit(1)
}

async function publish({ topic, partition, batches, keys, acks = -1, gzip, pauseMs = 0 }: PublishTask): Promise<void> {
  const producer = client.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  let next = 0
  for (const size of batches) {
    const messages = Array.from({ length: size }, () => {
      const number = next++
      return { partition, key: keys === undefined ? null : `k${number % keys}`, value: `${task.clientId}:${number}` }
    })
    const compression = gzip === true ? CompressionTypes.GZIP : CompressionTypes.None
    const [sent] = await producer.send({ topic, messages, acks, compression })
    if (acks === 0) say({ sent: size })
    else say({ base: Number(sent?.baseOffset), count: size })
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  await producer.disconnect()
}

async function consume({ topic, group, until }: ConsumeTask): Promise<void> {
  const consumer = client.consumer({ groupId: group, allowAutoTopicCreation: false, sessionTimeout: 10_000 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const reading = new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    const eachMessage: EachMessageHandler = async ({ partition, message }) => {
      const offset = Number(message.offset)
      say({ partition, offset, value: String(message.value) })
      if (until === undefined || (partition === 0 && offset + 1 >= until)) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  try {
    await reading
  } finally {
    // kafkajs commits what was handled when it stops.
    await consumer.stop()
    await consumer.disconnect()
  }
}

function saslOptions(): SASLOptions {
  const { username, password, passwordFile, issuer } = task.login
  if (issuer !== undefined) {
    return { mechanism: 'oauthbearer', oauthBearerProvider: () => fetchToken(issuer, username, password ?? '') }
  }
  const secret = passwordFile === undefined ? password : readFileSync(passwordFile, 'utf8').trim()
  return { mechanism: 'plain', username, password: secret ?? '' }
}

async function fetchToken(issuer: string, clientId: string, clientSecret: string): Promise<{ value: string }> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  })
  const response = await fetch(`${issuer}/token`, { method: 'POST', body })
  const { access_token: value } = (await response.json()) as { access_token: string }
  return { value }
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
