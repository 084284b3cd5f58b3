/** Cases about looking at topics. */
import { describeTopicPartitions, metadata } from '@weir/kafka-protocol'
import { casesOf } from './differential-case.ts'
import type { ApiCases } from './differential-case.ts'
import { named, unknownId, zeroId } from './differential-world.ts'

export const everyKind = [
  ...['none.a', 'full.a', 'read.a', 'write.a', 'desc.a', 'conf.a', 'make.a', 'alter.a', 'drop.a'],
  ...['full.unread', 'full.unseen', 'none.b', 'full.b'],
]
export const bothWays = [true, false]
const quiet = { allowAutoTopicCreation: false }
export const byId = (topicId: string) => ({ topicId, name: null })

const metadataCases = casesOf(metadata, [
  { name: 'every kind of right', versions: [4, 13], request: () => ({ ...quiet, topics: named(...everyKind) }) },
  {
    name: 'every kind of right, with the switch always on',
    versions: [0, 3],
    request: () => ({ topics: named(...everyKind) }),
  },
  { name: 'a list without topics', request: () => ({ topics: [] }) },
  { name: 'all topics', versions: [1, 13], request: () => ({ topics: null }) },
  {
    name: 'missing names',
    versions: [4, 13],
    request: () => ({
      ...quiet,
      topics: named('none.missing', 'full.missing', 'full.a', 'make.missing', 'desc.missing', 'none.a', 'read.missing'),
    }),
  },
  {
    name: 'names that no topic can have',
    versions: [4, 13],
    request: () => ({ ...quiet, topics: named('full./', 'none.a', '..', 'full.a', `full.${'x'.repeat(260)}`, '') }),
  },
  {
    name: 'names more than once',
    versions: [4, 13],
    request: () => ({
      ...quiet,
      topics: named('full.a', 'none.a', 'full.a', 'none.a', 'full.missing', 'full.missing'),
    }),
  },
  ...bothWays.map((includeTopicAuthorizedOperations) => ({
    name: `permitted operations of topics asked for: ${includeTopicAuthorizedOperations}`,
    versions: [8, 13] as const,
    request: () => ({ ...quiet, topics: named(...everyKind, 'full.missing'), includeTopicAuthorizedOperations }),
  })),
  {
    name: 'permitted operations of all topics',
    versions: [8, 13],
    request: () => ({ topics: null, includeTopicAuthorizedOperations: true }),
  },
  {
    name: 'permitted operations of the cluster',
    versions: [8, 10],
    request: () => ({ topics: [], includeClusterAuthorizedOperations: true }),
  },
  {
    name: 'ids known, unknown and more than once',
    versions: [12, 13],
    request: (side) => ({
      ...quiet,
      includeTopicAuthorizedOperations: true,
      topics: [
        ...['none.a', 'full.a', 'read.a', 'make.a', 'full.unseen'].map((name) => byId(side.id(name))),
        ...[byId(unknownId), byId(side.id('full.a')), byId(side.id('none.a'))],
      ],
    }),
  },
  { name: 'only an unknown id', versions: [12, 13], request: () => ({ ...quiet, topics: [byId(unknownId)] }) },
  {
    name: 'a zero id',
    versions: [12, 13],
    request: (side) => ({ ...quiet, topics: [byId(side.id('full.a')), byId(zeroId)] }),
  },
  {
    name: 'ids before they were allowed',
    versions: [10, 11],
    request: (side) => ({ ...quiet, topics: [{ name: '', topicId: side.id('full.a') }] }),
  },
  {
    name: 'ids beside names',
    versions: [12, 13],
    request: (side) => ({
      ...quiet,
      topics: [...named('full.b', 'none.a'), byId(side.id('full.a')), byId(side.id('none.b'))],
    }),
  },
  {
    name: 'one name with the id of another topic',
    versions: [12, 13],
    request: (side) => ({ ...quiet, topics: [{ name: 'full.a', topicId: side.id('none.a') }] }),
  },
])

const page = { responsePartitionLimit: 2000, cursor: null }
const justNames = (...names: string[]) => names.map((name) => ({ name }))

const describeTopicPartitionsCases = casesOf(describeTopicPartitions, [
  { name: 'every kind of right', request: () => ({ ...page, topics: justNames(...everyKind.toSorted()) }) },
  { name: 'all topics', request: () => ({ ...page, topics: [] }) },
  {
    name: 'missing names',
    request: () => ({ ...page, topics: justNames('full.missing', 'none.missing', 'desc.missing') }),
  },
  { name: 'names that no topic can have', request: () => ({ ...page, topics: justNames('full./', 'none./') }) },
  {
    name: 'names more than once',
    request: () => ({ ...page, topics: justNames('full.a', 'full.a', 'none.a', 'none.a') }),
  },
  {
    name: 'a small page',
    request: () => ({ ...page, responsePartitionLimit: 1, topics: justNames('full.a', 'full.b', 'full.unread') }),
  },
  {
    name: 'a small page with refused names in it',
    request: () => ({
      ...page,
      responsePartitionLimit: 2,
      topics: justNames('desc.a', 'full.a', 'full.b', 'none.a', 'read.a'),
    }),
  },
  { name: 'a small page of all', request: () => ({ ...page, responsePartitionLimit: 2, topics: [] }) },
  { name: 'a limit of nothing', request: () => ({ ...page, responsePartitionLimit: 0, topics: justNames('full.a') }) },
  ...['full.a', 'full.unseen', 'none.a', 'none.missing', 'zzz'].map((topicName) => ({
    name: `named topics from the cursor ${topicName}`,
    request: () => ({
      ...page,
      topics: justNames('desc.a', 'full.b', 'none.a', 'none.b'),
      cursor: { topicName, partitionIndex: 0 },
    }),
  })),
  ...['full.a', 'none.b', 'missing'].map((topicName) => ({
    name: `all topics from the cursor ${topicName}`,
    request: () => ({ ...page, topics: [], cursor: { topicName, partitionIndex: 0 } }),
  })),
  {
    name: 'the second partition',
    request: () => ({ ...page, topics: justNames('full.b'), cursor: { topicName: 'full.b', partitionIndex: 1 } }),
  },
  {
    name: 'a cursor before the first partition',
    request: () => ({ ...page, topics: justNames('full.b'), cursor: { topicName: 'full.b', partitionIndex: -1 } }),
  },
])

export const topicCases: readonly ApiCases[] = [metadataCases, describeTopicPartitionsCases]
