/** Where the gateway answers otherwise than a broker, on purpose. Each is asked of both, so that neither changes unseen. */
import {
  consumerGroupHeartbeat,
  describeConfigs,
  fetch,
  findCoordinator,
  initProducerId,
  listOffsets,
  metadata,
  offsetForLeaderEpoch,
  produce,
  syncGroup,
} from '@weir/kafka-protocol'
import type { Api, RequestInputOf, ResponseOf } from '@weir/kafka-protocol'
import { recordBatch } from './batch.ts'
import type { PrincipalName } from './differential-rights.ts'
import type { Side } from './differential-side.ts'
import { named, unknownId, zeroId } from './differential-world.ts'

export type Deliberate<A extends Api = Api> = {
  /** What differs, and why the gateway's answer is the better one. */
  readonly title: string
  readonly api: A
  readonly versions: readonly number[]
  readonly as: PrincipalName
  request(side: Side): RequestInputOf<A>
  /** The part of an answer that differs; not asked when there is no answer. */
  seen(answer: ResponseOf<A>): unknown
  readonly broker: unknown
  readonly gateway: unknown
}

function difference<A extends Api>(one: Deliberate<A>): Deliberate {
  return one
}

type Produced = RequestInputOf<typeof produce>
const writes = (names: readonly string[], batch: () => Buffer | null = () => recordBatch(['v'])): Produced => ({
  acks: -1,
  timeoutMs: 5_000,
  topicData: names.map((name) => ({ name, partitionData: [{ index: 0, records: batch() }] })),
})
const producedCode = (answer: ResponseOf<typeof produce>) => answer.responses[0]?.partitionResponses[0]?.errorCode
const fetchedCode = (answer: ResponseOf<typeof fetch>) => answer.responses[0]?.partitions[0]?.errorCode
const reads = { partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_000 }
const missing = { topics: named('desc.missing'), allowAutoTopicCreation: true }

export const deliberateDifferences: readonly Deliberate[] = [
  difference({
    title:
      'a missing topic that may be seen but not made: creation is switched off upstream, so it is missing (3) and not refused (29)',
    api: metadata,
    versions: [0, 1, 3, 4, 9, 13],
    as: 'mixed',
    request: () => missing,
    seen: (answer) => answer.topics.map((topic) => topic.errorCode),
    broker: [29],
    gateway: [3],
  }),
  difference({
    title: 'a transactional id is refused to everybody, as transactions are not served',
    api: initProducerId,
    versions: [0, 5],
    as: 'all',
    request: () => ({ transactionalId: 'tx', transactionTimeoutMs: 1_000 }),
    seen: (answer) => answer.errorCode === 53,
    broker: false,
    gateway: true,
  }),
  difference({
    title: 'so is its coordinator',
    api: findCoordinator,
    versions: [4, 6],
    as: 'all',
    request: () => ({ keyType: 1, coordinatorKeys: ['tx'] }),
    seen: (answer) => answer.coordinators[0]?.errorCode === 53,
    broker: false,
    gateway: true,
  }),
  difference({
    title: 'so is a transactional batch',
    api: produce,
    versions: [9, 12],
    as: 'all',
    request: () => ({
      ...writes(['full.a'], () => recordBatch(['v'], { transactional: true, producerId: 1n, sequence: 0 })),
      transactionalId: 'tx',
    }),
    seen: (answer) => producedCode(answer) === 53,
    broker: false,
    gateway: true,
  }),
  difference({
    title: 'the coordinator of share state belongs to brokers: refused as a type that is not known',
    api: findCoordinator,
    versions: [6],
    as: 'all',
    request: () => ({ keyType: 2, coordinatorKeys: ['g:AAAAAAAAAAAAAAAAAAAAAQ:0'] }),
    seen: (answer) => answer.coordinators[0]?.errorCode,
    broker: 31,
    gateway: 42,
  }),
  difference({
    title: 'row 5: a topic pattern would be resolved with the rights of the gateway, so it is refused (128)',
    api: consumerGroupHeartbeat,
    versions: [1],
    as: 'all',
    request: (side) => ({
      groupId: side.fresh('read-pattern'),
      memberId: 'AAAAAAAAQACAAAAAAAAAIQ',
      memberEpoch: 0,
      rebalanceTimeoutMs: 30_000,
      subscribedTopicRegex: 'full.*',
      topicPartitions: [],
    }),
    seen: (answer) => answer.errorCode,
    broker: 0,
    gateway: 128,
  }),
  difference({
    title: 'row 8: only consumers fetch (29)',
    api: fetch,
    versions: [4, 11],
    as: 'all',
    request: () => ({
      replicaId: -3,
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: 'full.a', partitions: [reads] }],
      forgottenTopicsData: [],
    }),
    seen: fetchedCode,
    broker: 0,
    gateway: 29,
  }),
  ...[1, -2].flatMap((replicaId) => [
    difference({
      title: `row 8: only consumers list offsets (29), not replica ${replicaId}`,
      api: listOffsets,
      versions: [1, 10],
      as: 'all' as const,
      request: () => ({ replicaId, topics: [{ name: 'full.a', partitions: [{ partitionIndex: 0, timestamp: -2n }] }] }),
      seen: (answer) => answer.topics[0]?.partitions[0]?.errorCode,
      broker: 0,
      gateway: 29,
    }),
    difference({
      title: `row 8: only consumers ask for the end of an epoch (29), not replica ${replicaId}`,
      api: offsetForLeaderEpoch,
      versions: [3, 4],
      as: 'all' as const,
      request: () => ({ replicaId, topics: [{ topic: 'full.a', partitions: [{ partition: 0, leaderEpoch: 0 }] }] }),
      seen: (answer) => answer.topics[0]?.partitions[0]?.errorCode,
      broker: 0,
      gateway: 29,
    }),
  ]),
  difference({
    title: 'a topic twice in one produce: which batch an offset belongs to could not be told, so the connection ends',
    api: produce,
    versions: [9],
    as: 'all',
    request: () => writes(['write.a', 'write.a']),
    seen: () => 'answered',
    broker: 'answered',
    gateway: 'closed',
  }),
  difference({
    title: 'row 9: internal topics are refused by right (29), whoever asks and whatever its client id',
    api: produce,
    versions: [3, 9],
    as: 'all',
    request: () => writes(['__consumer_offsets']),
    seen: producedCode,
    broker: 17,
    gateway: 29,
  }),
  difference({
    title: 'addresses behind the gateway are not among the settings of a broker',
    api: describeConfigs,
    versions: [1, 4],
    as: 'all',
    request: () => ({
      resources: [{ resourceType: 4, resourceName: '1', configurationKeys: ['advertised.listeners', 'listeners'] }],
    }),
    seen: (answer) => answer.results[0]?.configs.map((config) => config.value !== null && /\d/.test(config.value)),
    broker: [true, true],
    gateway: [false, false],
  }),
  difference({
    title:
      'an unknown and a zero topic id fail by themselves (100); beside a refused topic they fail the whole fetch of a broker with -1',
    api: fetch,
    versions: [13, 18],
    as: 'mixed',
    request: (side) => ({
      maxWaitMs: 0,
      minBytes: 0,
      topics: [unknownId, side.id('none.a'), side.id('full.a'), zeroId].map((topicId) => ({
        topicId,
        partitions: [reads],
      })),
      forgottenTopicsData: [],
    }),
    seen: (answer) => [answer.errorCode, answer.responses.map((topic) => topic.partitions[0]?.errorCode)],
    broker: [-1, []],
    gateway: [0, [0, 100, 29, 100]],
  }),
  difference({
    title: 'a fetch session of refused topics alone is not opened: there is nothing to remember',
    api: fetch,
    versions: [7, 11],
    as: 'none',
    request: () => ({
      maxWaitMs: 0,
      minBytes: 0,
      sessionId: 0,
      sessionEpoch: 0,
      topics: [{ topic: 'full.a', partitions: [reads] }],
      forgottenTopicsData: [],
    }),
    seen: (answer) => [answer.sessionId !== 0, fetchedCode(answer)],
    broker: [true, 29],
    gateway: [false, 29],
  }),
  difference({
    title: 'the right to a group comes before the form of a sync',
    api: syncGroup,
    versions: [5],
    as: 'none',
    request: () => ({ groupId: 'read-a', generationId: 1, memberId: 'nobody', assignments: [] }),
    seen: (answer) => answer.errorCode,
    broker: 23,
    gateway: 30,
  }),
]
