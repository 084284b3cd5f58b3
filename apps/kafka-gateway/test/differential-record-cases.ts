/** Cases about records. */
import { fetch, produce } from '@weir/kafka-protocol'
import type { RequestInputOf } from '@weir/kafka-protocol'
import { recordBatch } from './batch.ts'
import { casesOf } from './differential-case.ts'
import type { ApiCases } from './differential-case.ts'
import type { Side } from './differential-side.ts'
import { unknownId, zeroId } from './differential-world.ts'

/** From these versions on topics are given by id. */
const idsFrom = 13
export const readable = [
  'none.a',
  'read.a',
  'desc.a',
  'write.a',
  'full.a',
  'full.unread',
  'full.unseen',
  'conf.a',
  'make.a',
]

/** A topic by the key that the version has. */
function key(side: Side, version: number, name: string): { topic: string } | { topicId: string } {
  return version < idsFrom ? { topic: name } : { topicId: side.id(name) }
}

type FetchInput = RequestInputOf<typeof fetch>
type FetchPartition = FetchInput['topics'][number]['partitions'][number]
const start: FetchPartition = { partition: 0, fetchOffset: 0n, partitionMaxBytes: 100_000 }

function fetchOf(
  side: Side,
  version: number,
  names: readonly string[],
  partitions: FetchPartition[] = [start],
): FetchInput {
  const topics = names.map((name) => ({ ...key(side, version, name), partitions }))
  return { maxWaitMs: 0, minBytes: 0, topics, forgottenTopicsData: [] }
}

const fetchCases = casesOf(
  fetch,
  [
    { name: 'every kind of right', request: (side, version) => fetchOf(side, version, readable) },
    { name: 'nothing that may be read', request: (side, version) => fetchOf(side, version, ['none.a', 'desc.a']) },
    {
      name: 'topics more than once',
      request: (side, version) => fetchOf(side, version, ['full.a', 'none.a', 'full.a', 'none.a']),
    },
    {
      name: 'missing names',
      versions: [4, 12],
      request: (side, version) => fetchOf(side, version, ['none.missing', 'full.missing', 'read.missing', 'full.a']),
    },
    { name: 'no topics', request: (side, version) => fetchOf(side, version, []) },
    {
      name: 'a partition that is not there',
      request: (side, version) => fetchOf(side, version, ['full.a', 'none.a'], [start, { ...start, partition: 7 }]),
    },
    {
      name: 'an offset beyond the end',
      request: (side, version) => fetchOf(side, version, ['full.a', 'none.a'], [{ ...start, fetchOffset: 99n }]),
    },
    {
      name: 'an offset inside of a batch',
      request: (side, version) => fetchOf(side, version, ['full.a', 'none.a'], [{ ...start, fetchOffset: 1n }]),
    },
    {
      name: 'a leader epoch ahead',
      versions: [9, 18],
      request: (side, version) => fetchOf(side, version, ['full.a', 'none.a'], [{ ...start, currentLeaderEpoch: 99 }]),
    },
    {
      name: 'a diverging epoch',
      versions: [12, 18],
      request: (side, version) =>
        fetchOf(side, version, ['full.a', 'none.a'], [{ ...start, fetchOffset: 2n, lastFetchedEpoch: 0 }]),
    },
    {
      name: 'few bytes',
      request: (side, version) => ({ ...fetchOf(side, version, ['full.a', 'read.a', 'none.a']), maxBytes: 10 }),
    },
    {
      name: 'committed only',
      request: (side, version) => ({ ...fetchOf(side, version, ['full.a', 'none.a']), isolationLevel: 1 }),
    },
    {
      name: 'an unknown id',
      versions: [idsFrom, 18],
      request: (side, version) => {
        const known = fetchOf(side, version, ['none.a', 'full.a'])
        return {
          ...known,
          topics: [{ topicId: unknownId, partitions: [start] }, ...known.topics],
        }
      },
    },
    {
      name: 'a session that is not there',
      versions: [7, 18],
      request: (side, version) => ({ ...fetchOf(side, version, ['full.a']), sessionId: 77, sessionEpoch: 5 }),
    },
    {
      name: 'a session closed',
      versions: [7, 18],
      request: (side, version) => ({
        ...fetchOf(side, version, ['full.a', 'none.a']),
        sessionId: 77,
        sessionEpoch: -1,
      }),
    },
    {
      name: 'a session in steps',
      versions: [7, 18],
      // A session of refused topics alone is not opened.
      as: ['all', 'mixed'],
      async script(ask, version, side) {
        const opened = await ask(fetch, version, {
          ...fetchOf(side, version, ['full.a', 'none.a', 'read.a']),
          sessionEpoch: 0,
        })
        const { sessionId } = opened
        if (sessionId === 0) return [opened]
        const step = (sessionEpoch: number, names: readonly string[], more: Partial<FetchInput> = {}) =>
          ask(fetch, version, {
            ...fetchOf(side, version, names, [{ ...start, fetchOffset: 2n }]),
            sessionId,
            sessionEpoch,
            ...more,
          })
        const forgotten = ['none.a', 'read.a'].map((name) => ({ ...key(side, version, name), partitions: [0] }))
        return [
          opened,
          await step(1, []),
          await step(2, ['full.a', 'desc.a']),
          await step(3, ['full.b']),
          await step(4, [], { forgottenTopicsData: forgotten }),
          await step(5, []),
          await step(9, []),
        ]
      },
    },
  ],
  { isUnordered: true },
)

const written = ['none.a', 'write.a', 'full.x', 'read.a', 'desc.a']

function produceOf(
  side: Side,
  version: number,
  names: readonly string[],
  records: () => Buffer | null = () => recordBatch(['v']),
): RequestInputOf<typeof produce> {
  const topicData = names.map((name) => ({
    ...(version < idsFrom ? { name } : { topicId: side.id(name) }),
    partitionData: [{ index: 0, records: records() }],
  }))
  return { acks: -1, timeoutMs: 5_000, topicData }
}

const produceCases = casesOf(
  produce,
  [
    {
      name: 'every kind of right',
      request: (side, version) =>
        produceOf(
          side,
          version,
          written.filter((name) => name === 'write.a' || name === 'none.a'),
        ),
      as: ['mixed', 'none', 'operator'],
    },
    {
      name: 'every kind of right but WRITE',
      as: ['mixed', 'none', 'operator'],
      request: (side, version) => produceOf(side, version, ['read.a', 'none.a', 'desc.a', 'make.a', 'alter.a']),
    },
    {
      name: 'to topics of its own',
      make: ['full.x', 'write.x', 'none.x'],
      request: (_side, version, made) => ({
        ...produceOf(_side, version, []),
        topicData: ['none.x', 'full.x', 'write.x'].map((name) => ({
          ...(version < idsFrom ? { name: made.get(name)?.name ?? '' } : { topicId: made.get(name)?.topicId ?? '' }),
          partitionData: [
            { index: 0, records: recordBatch(['v']) },
            { index: 3, records: recordBatch(['v']) },
          ],
        })),
      }),
      versions: [7, 13],
      as: ['all', 'mixed'],
    },
    {
      name: 'missing names',
      versions: [3, 12],
      request: (side, version) => produceOf(side, version, ['none.missing', 'full.missing', 'write.missing']),
    },
    {
      name: 'ids unknown and zero',
      versions: [idsFrom, 13],
      request: (side, version) => ({
        ...produceOf(side, version, ['none.a']),
        topicData: [unknownId, zeroId].map((topicId) => ({
          topicId,
          partitionData: [{ index: 0, records: recordBatch(['v']) }],
        })),
      }),
    },
    {
      name: 'acks that do not exist',
      request: (side, version) => ({ ...produceOf(side, version, ['none.a', 'write.a']), acks: 5 }),
    },
    { name: 'no topics', request: (side, version) => produceOf(side, version, []) },
    {
      name: 'a batch that fails its checksum',
      request: (side, version) => produceOf(side, version, ['none.a', 'write.a'], () => broken()),
    },
    {
      name: 'a sequence of a producer that is not known',
      as: ['mixed', 'none'],
      request: (side, version) =>
        produceOf(side, version, ['none.a', 'write.a'], () =>
          recordBatch(['v'], { producerId: ++producerIds, sequence: 7 }),
        ),
    },
  ],
  { isUnordered: true },
)

/** Each batch is a producer's own, so that none repeats another. */
let producerIds = 999_000n

function broken(): Buffer {
  const batch = recordBatch(['v'])
  batch.writeUInt32BE(0, 17)
  return batch
}

export const recordCases: readonly ApiCases[] = [fetchCases, produceCases]
