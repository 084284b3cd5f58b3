/** Cases about groups and their offsets. */
import {
  consumerGroupDescribe,
  describeGroups,
  findCoordinator,
  listGroups,
  offsetCommit,
  offsetFetch,
} from '@weir/kafka-protocol'
import type { RequestInputOf } from '@weir/kafka-protocol'
import { casesOf } from './differential-case.ts'
import type { ApiCases } from './differential-case.ts'
import type { Side } from './differential-side.ts'
import { unknownId, zeroId } from './differential-world.ts'

export const kinds = ['none-a', 'read-a', 'desc-a', 'conf-a', 'drop-a', 'alter-a']
const bothWays = [true, false]

const listGroupsCases = casesOf(listGroups, [
  { name: 'all groups', request: () => ({}) },
  { name: 'by state', versions: [4, 5], request: () => ({ statesFilter: ['Empty'] }) },
  { name: 'by a state that does not exist', versions: [4, 5], request: () => ({ statesFilter: ['nothing'] }) },
  { name: 'by type', versions: [5, 5], request: () => ({ typesFilter: ['consumer'] }) },
])

const describeGroupsCases = casesOf(describeGroups, [
  { name: 'every kind of right', request: () => ({ groups: [...kinds, 'desc-live'] }) },
  { name: 'missing groups', request: () => ({ groups: ['none-missing', 'desc-missing', 'desc-live', ''] }) },
  { name: 'groups more than once', request: () => ({ groups: ['desc-a', 'none-a', 'desc-a', 'none-a'] }) },
  { name: 'groups of the other protocol', request: () => ({ groups: ['desc-new', 'none-new'] }) },
  { name: 'no groups', request: () => ({ groups: [] }) },
  ...bothWays.map((includeAuthorizedOperations) => ({
    name: `permitted operations asked for: ${includeAuthorizedOperations}`,
    versions: [3, 6] as const,
    request: () => ({ groups: [...kinds, 'desc-live', 'desc-missing', 'desc-new'], includeAuthorizedOperations }),
  })),
])

const consumerGroupDescribeCases = casesOf(consumerGroupDescribe, [
  ...bothWays.map((includeAuthorizedOperations) => ({
    name: `permitted operations asked for: ${includeAuthorizedOperations}`,
    request: () => ({
      groupIds: ['none-new', 'desc-new', 'desc-hidden', 'desc-live', 'desc-missing', 'none-missing', 'read-a'],
      includeAuthorizedOperations,
    }),
  })),
  {
    name: 'groups more than once',
    request: () => ({ groupIds: ['desc-new', 'none-new', 'desc-new', 'none-new'], includeAuthorizedOperations: true }),
  },
  { name: 'no groups', request: () => ({ groupIds: [], includeAuthorizedOperations: true }) },
  {
    name: 'a group without a name',
    request: () => ({ groupIds: ['', 'desc-new'], includeAuthorizedOperations: true }),
  },
])

const group = 0
const findCoordinatorCases = casesOf(findCoordinator, [
  ...[...kinds, 'none-missing', 'desc-missing', ''].map((key) => ({
    name: `the group "${key}"`,
    versions: [0, 3] as const,
    request: () => ({ key }),
  })),
  {
    name: 'every kind of right',
    versions: [4, 6],
    request: () => ({ keyType: group, coordinatorKeys: [...kinds, 'none-missing', 'desc-missing', ''] }),
  },
  {
    name: 'groups more than once',
    versions: [4, 6],
    request: () => ({ keyType: group, coordinatorKeys: ['desc-a', 'none-a', 'desc-a', 'none-a'] }),
  },
  { name: 'no groups', versions: [4, 6], request: () => ({ keyType: group, coordinatorKeys: [] }) },
  {
    name: 'a type that does not exist',
    versions: [4, 6],
    request: () => ({ keyType: 9, coordinatorKeys: ['desc-a', 'none-a'] }),
  },
  { name: 'a type that does not exist, one key', versions: [1, 3], request: () => ({ keyType: 9, key: 'desc-a' }) },
])

const asked = ['none.a', 'full.a', 'read.a', 'desc.a', 'make.a', 'full.unseen', 'none.missing', 'full.missing']
const partitionIndexes = [0, 5]

function fetchedTopics(side: Side, version: number, names: readonly string[]) {
  if (version < 10) return names.map((name) => ({ name, partitionIndexes }))
  return names.map((name) => ({ name: '', topicId: side.id(name), partitionIndexes }))
}

function fetchOffsets(
  side: Side,
  version: number,
  groups: readonly string[],
  names: readonly string[] | null,
): RequestInputOf<typeof offsetFetch> {
  const topics = names === null ? null : fetchedTopics(side, version, names)
  if (version >= 8) return { groups: groups.map((groupId) => ({ groupId, topics })) }
  return { groupId: groups[0] ?? '', topics: topics?.map(({ name }) => ({ name, partitionIndexes })) ?? null }
}

const offsetFetchCases = casesOf(offsetFetch, [
  ...kinds.map((groupId) => ({
    name: `topics of ${groupId}`,
    request: (side: Side, version: number) => fetchOffsets(side, version, [groupId], asked),
  })),
  ...['desc-a', 'none-a', 'desc-missing'].map((groupId) => ({
    name: `all topics of ${groupId}`,
    versions: [2, 10] as const,
    request: (side: Side, version: number) => fetchOffsets(side, version, [groupId], null),
  })),
  {
    name: 'topics more than once',
    request: (side, version) => fetchOffsets(side, version, ['desc-a'], ['full.a', 'none.a', 'full.a', 'none.a']),
  },
  { name: 'no topics', request: (side, version) => fetchOffsets(side, version, ['desc-a'], []) },
  {
    name: 'only refused topics',
    request: (side, version) => fetchOffsets(side, version, ['desc-a'], ['none.a', 'none.b']),
  },
  {
    name: 'several groups',
    versions: [8, 10],
    request: (side, version) => fetchOffsets(side, version, [...kinds, 'desc-missing', 'none-missing'], asked),
  },
  {
    name: 'all topics of several groups',
    versions: [8, 10],
    request: (side, version) => fetchOffsets(side, version, kinds, null),
  },
  {
    name: 'groups more than once',
    versions: [8, 10],
    request: (side, version) =>
      fetchOffsets(side, version, ['desc-a', 'none-a', 'desc-a', 'none-a'], ['full.a', 'none.a']),
  },
  { name: 'no groups', versions: [8, 10], request: () => ({ groups: [] }) },
  {
    name: 'stable offsets only',
    versions: [7, 10],
    request: (side, version) => ({ ...fetchOffsets(side, version, ['desc-a'], asked), requireStable: true }),
  },
  {
    name: 'ids unknown and zero',
    versions: [10, 10],
    request: () => ({
      groups: [{ groupId: 'desc-a', topics: [unknownId, zeroId].map((topicId) => ({ topicId, partitionIndexes })) }],
    }),
  },
  {
    name: 'a member that is not there',
    versions: [9, 10],
    request: (side, version) => ({
      groups: ['desc-new', 'none-new'].map((groupId) => ({
        groupId,
        memberId: 'nobody',
        memberEpoch: 3,
        topics: fetchedTopics(side, version, ['full.a', 'none.a']),
      })),
    }),
  },
])

const committed = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: null }]

/** Outside of a live group, as offsets are reset. */
export function commit(
  side: Side,
  version: number,
  groupId: string,
  names: readonly string[],
  partitions = committed,
): RequestInputOf<typeof offsetCommit> {
  const topics = names.map((name) => ({ ...(version < 10 ? { name } : { topicId: side.id(name) }), partitions }))
  return { groupId, memberId: '', topics }
}

const commitTopics = [
  'none.a',
  'full.a',
  'read.a',
  'desc.a',
  'full.unread',
  'full.unseen',
  'none.missing',
  'read.missing',
]

const offsetCommitCases = casesOf(offsetCommit, [
  ...kinds.map((groupId) => ({
    name: `a group like ${groupId}`,
    request: (side: Side, version: number) => commit(side, version, side.fresh(groupId), commitTopics),
  })),
  {
    name: 'topics more than once',
    request: (side, version) => commit(side, version, side.fresh('read-a'), ['full.a', 'none.a', 'full.a', 'none.a']),
  },
  {
    name: 'only refused topics',
    request: (side, version) => commit(side, version, side.fresh('read-a'), ['none.a', 'desc.a']),
  },
  { name: 'no topics', request: (side, version) => commit(side, version, side.fresh('read-a'), []) },
  {
    name: 'a partition that is not there',
    request: (side, version) =>
      commit(
        side,
        version,
        side.fresh('read-a'),
        ['full.a', 'none.a'],
        [{ partitionIndex: 9, committedOffset: 1n, committedMetadata: null }],
      ),
  },
  {
    name: 'too much text',
    request: (side, version) =>
      commit(
        side,
        version,
        side.fresh('read-a'),
        ['full.a', 'none.a'],
        [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: 'x'.repeat(5_000) as never }],
      ),
  },
  {
    name: 'a member that is not there',
    request: (side, version) => ({
      ...commit(side, version, side.fresh('read-a'), ['full.a', 'none.a']),
      memberId: 'nobody',
      generationIdOrMemberEpoch: 3,
    }),
  },
  { name: 'no group', request: (side, version) => commit(side, version, '', ['full.a', 'none.a']) },
  {
    name: 'ids unknown and zero',
    versions: [10, 10],
    request: (side) => ({
      groupId: side.fresh('read-a'),
      memberId: '',
      topics: [unknownId, side.id('none.a'), zeroId].map((topicId) => ({ topicId, partitions: committed })),
    }),
  },
])

export const groupCases: readonly ApiCases[] = [
  listGroupsCases,
  describeGroupsCases,
  consumerGroupDescribeCases,
  findCoordinatorCases,
  offsetFetchCases,
  offsetCommitCases,
]
