/** Cases about where a log stands, and about producer ids. */
import { initProducerId, listOffsets, offsetForLeaderEpoch } from '@weir/kafka-protocol'
import { casesOf } from './differential-case.ts'
import type { ApiCases } from './differential-case.ts'
import { readable } from './differential-record-cases.ts'

const positions = [{ partitionIndex: 0, timestamp: -1n }]
const atTimes = (times: bigint[], names: string[]) =>
  names.map((name) => ({ name, partitions: times.map((timestamp) => ({ partitionIndex: 0, timestamp })) }))

const listOffsetsCases = casesOf(listOffsets, [
  {
    name: 'every kind of right',
    request: () => ({ replicaId: -1, topics: readable.map((name) => ({ name, partitions: positions })) }),
  },
  {
    name: 'missing names',
    request: () => ({
      replicaId: -1,
      topics: atTimes([-1n], ['none.missing', 'full.missing', 'full.a', 'desc.missing']),
    }),
  },
  { name: 'no topics', request: () => ({ replicaId: -1, topics: [] }) },
  {
    name: 'one partition twice',
    request: () => ({ replicaId: -1, topics: atTimes([-1n, -2n], ['full.a', 'none.a']) }),
  },
  {
    name: 'one topic twice',
    request: () => ({ replicaId: -1, topics: atTimes([-1n], ['full.a', 'none.a', 'full.a', 'none.a']) }),
  },
  ...[-2n, -3n, -4n, -5n, -6n, 0n, -9n].map((timestamp) => ({
    name: `the time ${timestamp}`,
    request: () => ({ replicaId: -1, topics: atTimes([timestamp], ['full.a', 'none.a']) }),
  })),
  {
    name: 'a partition that is not there',
    request: () => ({
      replicaId: -1,
      topics: ['full.a', 'none.a'].map((name) => ({ name, partitions: [{ partitionIndex: 7, timestamp: -1n }] })),
    }),
  },
  {
    name: 'a leader epoch ahead',
    versions: [4, 11],
    request: () => ({
      replicaId: -1,
      topics: ['full.a', 'none.a'].map((name) => ({
        name,
        partitions: [{ partitionIndex: 0, currentLeaderEpoch: 99, timestamp: -1n }],
      })),
    }),
  },
])

const epochs = (names: readonly string[], leaderEpoch = 0, currentLeaderEpoch = -1, partition = 0) => ({
  replicaId: -1,
  topics: names.map((topic) => ({ topic, partitions: [{ partition, leaderEpoch, currentLeaderEpoch }] })),
})

const offsetForLeaderEpochCases = casesOf(offsetForLeaderEpoch, [
  { name: 'every kind of right', request: () => epochs(readable) },
  { name: 'missing names', request: () => epochs(['none.missing', 'full.missing', 'full.a', 'desc.missing']) },
  { name: 'names more than once', request: () => epochs(['full.a', 'none.a', 'full.a', 'none.a']) },
  { name: 'an epoch to come', request: () => epochs(['full.a', 'none.a'], 9) },
  { name: 'a current epoch to come', request: () => epochs(['full.a', 'none.a'], 0, 9) },
  { name: 'a partition that is not there', request: () => epochs(['full.a', 'none.a'], 0, -1, 7) },
  { name: 'no topics', request: () => epochs([]) },
])

const initProducerIdCases = casesOf(initProducerId, [
  { name: 'without a transactional id', request: () => ({ transactionalId: null, transactionTimeoutMs: 1_000 }) },
  {
    name: 'with a producer id of old',
    versions: [3, 5],
    request: () => ({ transactionalId: null, transactionTimeoutMs: 1_000, producerId: 5n, producerEpoch: 1 }),
  },
])

export const logCases: readonly ApiCases[] = [listOffsetsCases, offsetForLeaderEpochCases, initProducerIdCases]
