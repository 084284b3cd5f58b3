/** One broker with ACLs and a gateway before it with the same rights, and the topics and groups that all cases look at. */
import {
  consumerGroupHeartbeat,
  createAcls,
  createTopics,
  findCoordinator,
  initProducerId,
  joinGroup,
  listOffsets,
  metadata,
  offsetCommit,
  produce,
  syncGroup,
} from '@weir/kafka-protocol'
import { startKafka } from '@weir/testing'
import type { Kafka } from '@weir/testing'
import { expect, vi } from 'vitest'
import { recordBatch } from './batch.ts'
import { aclRequest, policyText, principals } from './differential-rights.ts'
import type { PrincipalName } from './differential-rights.ts'
import { startHarness } from './harness.ts'
import type { Harness } from './harness.ts'
import { WireClient } from './wire.ts'

export const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'
/** Version 4 as UUIDs that Kafka makes, so that none is reserved. */
export const unknownId = 'AAAAAAAAQACAAAAAAAAABQ'

/** What exists; `full.b` has two partitions. */
export const topics = [
  ...['read.a', 'write.a', 'desc.a', 'conf.a', 'make.a', 'alter.a', 'drop.a', 'none.a', 'none.b'],
  ...['full.a', 'full.b', 'full.unread', 'full.unseen'],
]
/** Groups without members that have committed offsets. */
const committedGroups = ['read-a', 'desc-a', 'conf-a', 'drop-a', 'none-a']

export type World = {
  readonly kafka: Kafka
  readonly gateway: Harness
  /** Straight to the broker, with all rights. */
  readonly root: WireClient
  readonly topicIds: ReadonlyMap<string, string>
  connect(side: SideName, who: PrincipalName): Promise<WireClient>
  createTopic(...names: string[]): Promise<Map<string, string>>
  stop(): Promise<void>
}
export type SideName = 'broker' | 'gateway'

export async function startWorld(): Promise<World> {
  const kafka = await startKafka({
    authorizer: true,
    users: principals.map((username) => ({ username, password: 'secret' })),
    properties: {
      // Members that nobody keeps alive must last as long as the cases.
      'group.consumer.session.timeout.ms': '600000',
      'group.consumer.max.session.timeout.ms': '600000',
    },
  })
  const gateway = await startHarness(kafka, policyText())
  const { username, password } = kafka.credential
  const root = await WireClient.login(kafka.bootstrap, password, username)
  const acls = await root.ask(createAcls, 3, aclRequest())
  expect(acls.results.filter((result) => result.errorCode !== 0)).toEqual([])
  const createTopic = (...names: string[]) => makeTopics(root, names)
  const topicIds = await createTopic(...topics)
  const connect = async (side: SideName, who: PrincipalName) =>
    side === 'broker'
      ? WireClient.login(kafka.bootstrap, 'secret', who)
      : WireClient.login(gateway.bootstrap, await gateway.token(who))
  await fill(root, topicIds)
  await warmProducerIds(root)
  await populateGroups(root)
  await vi.waitFor(async () => {
    const client = await connect('broker', 'mixed')
    const answer = await client.ask(metadata, 12, { topics: named('full.a'), allowAutoTopicCreation: false })
    client.close()
    expect(answer.topics[0]?.errorCode).toBe(0)
  })
  return {
    kafka,
    gateway,
    root,
    topicIds,
    connect,
    createTopic,
    async stop() {
      root.close()
      await gateway.stop()
      await kafka.stop()
    },
  }
}

export function named(...names: string[]): { name: string; topicId: string }[] {
  return names.map((name) => ({ name, topicId: zeroId }))
}

/** Creates topics and waits until they are led; gives their ids. */
async function makeTopics(root: WireClient, names: readonly string[]): Promise<Map<string, string>> {
  const answer = await root.ask(createTopics, 7, {
    topics: names.map((name) => ({
      name,
      numPartitions: name === 'full.b' ? 2 : 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    })),
  })
  for (const topic of answer.topics) expect(topic.errorCode, topic.name).toBe(0)
  await vi.waitFor(
    async () => {
      const partitions = [{ partitionIndex: 0, timestamp: -1n }]
      const asked = { replicaId: -1, topics: names.map((name) => ({ name, partitions })) }
      const ends = await root.ask(listOffsets, 1, asked)
      expect(ends.topics.filter((t) => t.partitions[0]?.errorCode !== 0)).toEqual([])
    },
    { timeout: 20_000 },
  )
  return new Map(answer.topics.map((topic) => [topic.name, topic.topicId]))
}

/** Two batches in each topic that cases read. */
async function fill(root: WireClient, topicIds: ReadonlyMap<string, string>): Promise<void> {
  for (const values of [['one', 'two'], ['three']]) {
    const partitionData = [{ index: 0, records: recordBatch(values) }]
    const topicData = [...topicIds].filter(([name]) => name !== 'write.a').map(([name]) => ({ name, partitionData }))
    const answer = await root.ask(produce, 9, { acks: -1, timeoutMs: 10_000, topicData })
    expect(answer.responses.filter((t) => t.partitionResponses[0]?.errorCode !== 0)).toEqual([])
  }
}

/** The broker fetches its first block of producer ids when it is first asked for one. */
async function warmProducerIds(root: WireClient): Promise<void> {
  await vi.waitFor(
    async () => {
      const answer = await root.ask(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1_000 })
      expect(answer.errorCode).toBe(0)
    },
    { timeout: 20_000 },
  )
}

async function populateGroups(root: WireClient): Promise<void> {
  await vi.waitFor(
    async () => {
      const answer = await root.ask(findCoordinator, 4, { keyType: 0, coordinatorKeys: ['read-a'] })
      expect(answer.coordinators[0]?.errorCode).toBe(0)
    },
    { timeout: 20_000, interval: 100 },
  )
  const partitions = [{ partitionIndex: 0, committedOffset: 2n, committedMetadata: 'note' }]
  for (const groupId of committedGroups) {
    await vi.waitFor(
      async () => {
        const answer = await root.ask(offsetCommit, 9, {
          groupId,
          memberId: '',
          topics: ['full.a', 'none.a', 'read.a', 'desc.a'].map((name) => ({ name, partitions })),
        })
        expect(answer.topics.map((t) => t.partitions[0]?.errorCode)).toEqual([0, 0, 0, 0])
      },
      { timeout: 20_000, interval: 100 },
    )
  }
  await joinForGood(root, 'desc-live')
  for (const [groupId, topic] of [
    ['desc-new', 'full.b'],
    ['desc-hidden', 'none.a'],
    ['none-new', 'full.b'],
  ] as const) {
    const answer = await root.ask(consumerGroupHeartbeat, 1, {
      groupId,
      memberId: 'AAAAAAAAQACAAAAAAAAAFQ',
      memberEpoch: 0,
      rebalanceTimeoutMs: 600_000,
      subscribedTopicNames: [topic],
      topicPartitions: [],
    })
    expect(answer.errorCode).toBe(0)
  }
}

/** ConsumerProtocolSubscription v0 of no topics: the coordinator reads it, and a join with anything else is never answered. */
export const subscription = Buffer.from('000000000000ffffffff', 'hex')

/** A classic group with one member that never speaks again. */
async function joinForGood(root: WireClient, groupId: string): Promise<void> {
  const join = (memberId: string) =>
    root.ask(joinGroup, 9, {
      groupId,
      sessionTimeoutMs: 600_000,
      rebalanceTimeoutMs: 600_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription }],
    })
  const { memberId } = await join('')
  const { generationId } = await join(memberId)
  const assignments = [{ memberId, assignment: Buffer.from('assigned') }]
  const synced = await root.ask(syncGroup, 5, {
    groupId,
    generationId,
    memberId,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments,
  })
  expect(synced.errorCode).toBe(0)
}
