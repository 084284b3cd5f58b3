/** A gateway in front of a broker with topics that the policy opens and closes, for Produce and Fetch on the wire. */
import { createTopics, listOffsets, metadata, produce } from '@weir/kafka-protocol'
import type { RequestInputOf, ResponseOf, fetch } from '@weir/kafka-protocol'
import { startKafka } from '@weir/testing'
import { expect, vi } from 'vitest'
import { recordBatch } from './batch.ts'
import { startHarness } from './harness.ts'
import type { Harness } from './harness.ts'
import { WireClient } from './wire.ts'

export const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'

function policy(topics: string): string {
  return `
version: 1
rules:
  - id: team
    subjects: [{ group: team }]
    actions: [publish, consume, describe]
    resources: [${topics}]
    effect: allow
  - id: root
    subjects: [{ group: root }]
    actions: [publish, consume, describe, create, delete]
    resources: ["kafka:topic:*"]
    effect: allow
`
}
export const onlyOpen = policy('"kafka:topic:open.*"')
export const everything = policy('"kafka:topic:*"')

export type DataPathWorld = {
  readonly gateway: Harness
  /** May do everything with every topic. */
  readonly root: WireClient
  connect(subject: string, group?: string): Promise<WireClient>
  /** Topics of one partition each, ready to be written. */
  create(...names: string[]): Promise<void>
  idOf(name: string): Promise<string>
  stop(): Promise<void>
}

export async function startDataPathWorld(): Promise<DataPathWorld> {
  const kafka = await startKafka()
  const gateway = await startHarness(kafka, onlyOpen)
  const clients: WireClient[] = []
  const connect = async (subject: string, group = 'team') => {
    const client = await WireClient.login(gateway.bootstrap, await gateway.token(subject, [group]))
    clients.push(client)
    return client
  }
  const root = await connect('root', 'root')
  const create = (...names: string[]) => createReady(root, names)
  await create('open.a', 'closed.b', 'open.c')
  return {
    gateway,
    root,
    connect,
    create,
    async idOf(name) {
      const topics = [{ name, topicId: zeroId }]
      const answer = await root.ask(metadata, 12, { topics, allowAutoTopicCreation: false })
      return answer.topics[0]?.topicId ?? ''
    },
    async stop() {
      for (const client of clients) client.close()
      await gateway.stop()
      await kafka.stop()
    },
  }
}

async function createReady(root: WireClient, names: readonly string[]): Promise<void> {
  const topics = names.map((name) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }))
  const answer = await root.ask(createTopics, 7, { topics })
  for (const topic of answer.topics) expect(topic.errorCode).toBe(0)
  for (const name of names) {
    // The broker leads a new partition a moment after it says that it is made.
    const partitions = [{ partitionIndex: 0, timestamp: -1n }]
    const leads = async () =>
      (await root.ask(listOffsets, 1, { replicaId: -1, topics: [{ name, partitions }] })).topics[0]?.partitions[0]
        ?.errorCode
    await vi.waitFor(async () => expect(await leads()).toBe(0), { timeout: 10_000 })
  }
}

/** One batch of these values to partition 0. */
export function put(client: WireClient, topic: string, values: string[]): Promise<ResponseOf<typeof produce>> {
  return client.ask(produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: recordBatch(values) }] }],
  })
}

export function fetchInput(
  topics: { topic?: string; topicId?: string; fetchOffset?: bigint }[],
  session?: { id: number; epoch: number },
): RequestInputOf<typeof fetch> {
  return {
    maxWaitMs: 100,
    minBytes: 1,
    sessionId: session?.id ?? 0,
    sessionEpoch: session?.epoch ?? -1,
    topics: topics.map(({ topic, topicId, fetchOffset }) => ({
      ...(topic === undefined ? { topicId: topicId ?? '' } : { topic }),
      partitions: [{ partition: 0, fetchOffset: fetchOffset ?? 0n, partitionMaxBytes: 1_000_000 }],
    })),
    forgottenTopicsData: [],
  }
}

/** Of each topic: its name or id, the error of its first partition, and whether records came. */
export function seen(response: ResponseOf<typeof fetch>): [string, number | undefined, boolean][] {
  return response.responses.map((t) => [
    t.topic === '' ? t.topicId : t.topic,
    t.partitions[0]?.errorCode,
    (t.partitions[0]?.records?.length ?? 0) > 0,
  ])
}
