/** Cases about the members of groups, in both protocols. */
import {
  consumerGroupDescribe,
  consumerGroupHeartbeat,
  describeGroups,
  heartbeat,
  joinGroup,
  leaveGroup,
  offsetCommit,
  syncGroup,
} from '@weir/kafka-protocol'
import type { RequestInputOf } from '@weir/kafka-protocol'
import { casesOf } from './differential-case.ts'
import type { ApiCases, Ask } from './differential-case.ts'
import { commit, kinds } from './differential-group-cases.ts'
import type { Side } from './differential-side.ts'
import { subscription } from './differential-world.ts'

/** Each request of the classic protocol in its newest version up to `version`. */
const upTo = (version: number, most: number) => Math.min(version, most)

async function lifeOfAMember(ask: Ask, version: number, side: Side): Promise<unknown[]> {
  const groupId = side.fresh('read-life')
  const protocols = [{ name: 'range', metadata: subscription }]
  const join = (memberId: string) =>
    ask(joinGroup, version, {
      groupId,
      sessionTimeoutMs: 30_000,
      ...(version >= 1 ? { rebalanceTimeoutMs: 30_000 } : {}),
      memberId,
      protocolType: 'consumer',
      protocols,
    })
  const first = await join('')
  const joined = first.errorCode === 79 ? await join(first.memberId) : first
  if (joined.errorCode !== 0) return [first, joined]
  const { memberId, generationId } = joined
  const member = { groupId, memberId, generationId }
  return [
    first,
    joined,
    await ask(syncGroup, upTo(version, 5), {
      ...member,
      ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
      assignments: [{ memberId, assignment: Buffer.from('assigned') }],
    }),
    await ask(heartbeat, upTo(version, 4), member),
    await ask(heartbeat, upTo(version, 4), { ...member, generationId: 99 }),
    await ask(offsetCommit, Math.max(2, version), {
      ...commit(side, version, groupId, ['full.a', 'none.a', 'read.a']),
      memberId,
      generationIdOrMemberEpoch: generationId,
    }),
    await ask(describeGroups, upTo(version, 6), { groups: [groupId] }),
    await ask(
      leaveGroup,
      upTo(version, 5),
      version < 3 ? { groupId, memberId } : { groupId, memberId: '', members: [{ memberId }, { memberId: 'nobody' }] },
    ),
    await ask(heartbeat, upTo(version, 4), member),
  ]
}

const join = (groupId: string, more: object = {}) => ({
  groupId,
  sessionTimeoutMs: 30_000,
  memberId: 'nobody',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: subscription }],
  ...more,
})

const joinGroupCases = casesOf(joinGroup, [
  { name: 'the life of a member', script: lifeOfAMember },
  ...kinds.map((kind) => ({
    name: `a member of ${kind} that is not there`,
    request: (side: Side) => join(side.fresh(kind)),
  })),
  { name: 'no group', request: () => join('') },
  { name: 'no protocols', request: (side) => join(side.fresh('read-a'), { protocols: [] }) },
  { name: 'a time that cannot be', request: (side) => join(side.fresh('read-a'), { sessionTimeoutMs: 1 }) },
])

const member = (groupId: string) => ({ groupId, generationId: 1, memberId: 'nobody' })

const named = (version: number) => (version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {})
const sync = (groupId: string, version: number) => ({ ...member(groupId), ...named(version), assignments: [] })

const syncGroupCases = casesOf(syncGroup, [
  ...kinds.map((kind) => ({
    name: `a member of ${kind} that is not there`,
    request: (_side: Side, version: number) => sync(kind, version),
  })),
  { name: 'no group', request: (_side, version) => sync('', version) },
])

const heartbeatCases = casesOf(heartbeat, [
  ...kinds.map((kind) => ({ name: `a member of ${kind} that is not there`, request: () => member(kind) })),
  { name: 'no group', request: () => member('') },
])

const leave = (groupId: string, version: number) =>
  version < 3
    ? { groupId, memberId: 'nobody' }
    : { groupId, memberId: '', members: [{ memberId: 'nobody' }, { memberId: '', groupInstanceId: 'static' }] }

const leaveGroupCases = casesOf(leaveGroup, [
  ...kinds.map((kind) => ({
    name: `a member of ${kind} that is not there`,
    request: (_side: Side, version: number) => leave(kind, version),
  })),
  { name: 'no group', request: (_side, version) => leave('', version) },
  { name: 'nobody', versions: [3, 5], request: () => ({ groupId: 'read-a', memberId: '', members: [] }) },
])

type Beat = RequestInputOf<typeof consumerGroupHeartbeat>
const beat = (groupId: string, more: Partial<Beat> = {}): Beat => ({
  groupId,
  memberId: 'AAAAAAAAQACAAAAAAAAAHQ',
  memberEpoch: 0,
  rebalanceTimeoutMs: 30_000,
  subscribedTopicNames: ['full.a'],
  topicPartitions: [],
  ...more,
})

async function lifeOfAConsumer(ask: Ask, version: number, side: Side): Promise<unknown[]> {
  const groupId = side.fresh('read-new')
  const joined = await ask(consumerGroupHeartbeat, version, beat(groupId))
  if (joined.errorCode !== 0) return [joined]
  const { memberEpoch } = joined
  const silent = { subscribedTopicNames: null, topicPartitions: null, rebalanceTimeoutMs: -1 }
  return [
    joined,
    await ask(consumerGroupHeartbeat, version, beat(groupId, { ...silent, memberEpoch })),
    await ask(
      consumerGroupHeartbeat,
      version,
      beat(groupId, { ...silent, memberEpoch, subscribedTopicNames: ['full.a', 'none.a'] }),
    ),
    await ask(consumerGroupDescribe, version, { groupIds: [groupId], includeAuthorizedOperations: true }),
    await ask(consumerGroupHeartbeat, version, beat(groupId, { ...silent, memberEpoch: 77 })),
    await ask(consumerGroupHeartbeat, version, beat(groupId, { ...silent, memberEpoch: -1 })),
    await ask(
      consumerGroupHeartbeat,
      version,
      beat(groupId, { ...silent, memberEpoch: -1, subscribedTopicNames: ['none.a'] }),
    ),
  ]
}

const consumerGroupHeartbeatCases = casesOf(consumerGroupHeartbeat, [
  { name: 'the life of a member', script: lifeOfAConsumer },
  ...kinds.map((kind) => ({
    name: `a member of ${kind} that is not there`,
    request: (side: Side) => beat(side.fresh(kind), { memberEpoch: 5 }),
  })),
  ...['none.a', 'none.missing', 'full.unseen'].map((name) => ({
    name: `a subscription with ${name}`,
    as: ['none', 'mixed', 'operator'] as const,
    request: (side: Side) => beat(side.fresh('read-new'), { subscribedTopicNames: ['full.a', name] }),
  })),
  { name: 'a subscription to nothing', request: (side) => beat(side.fresh('read-new'), { subscribedTopicNames: [] }) },
  {
    name: 'a subscription to a missing topic',
    as: ['all', 'mixed'],
    request: (side) => beat(side.fresh('read-new'), { subscribedTopicNames: ['full.missing'] }),
  },
  { name: 'no group', request: () => beat('') },
  {
    name: 'an assignor that does not exist',
    request: (side) => beat(side.fresh('read-new'), { serverAssignor: 'no-such' }),
  },
])

export const memberCases: readonly ApiCases[] = [
  joinGroupCases,
  syncGroupCases,
  heartbeatCases,
  leaveGroupCases,
  consumerGroupHeartbeatCases,
]
