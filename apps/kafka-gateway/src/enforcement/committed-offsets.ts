/** OffsetCommit and OffsetFetch: the group first, which fails the whole request, then each topic by itself. */
import { errorCode, offsetCommit, offsetFetch } from '@weir/kafka-protocol'
import type { RequestOf, ResponseInputOf, ResponseOf } from '@weir/kafka-protocol'
import { enforceElements } from './element.ts'
import type { Verdict } from './element.ts'
import { isAllowed } from './enforcement.ts'
import type { Call } from './enforcement.ts'
import { sawGroup } from './group-membership.ts'
import { onGroup, onTopicOf, topicRefusalCode } from './operations.ts'
import type { Described } from './operations.ts'
import { inRequestOrder } from './request-order.ts'

type CommitTopic = RequestOf<typeof offsetCommit>['topics'][number]
type CommittedTopic = ResponseOf<typeof offsetCommit>['topics'][number]
type FetchRequest = RequestOf<typeof offsetFetch>
type FetchedGroup = ResponseOf<typeof offsetFetch>['groups'][number]
type FetchedTopic = FetchedGroup['topics'][number]

/** From here on topics are given by id. */
const topicIdVersion = 10
/** From here on OffsetFetch asks for several groups. */
const batchVersion = 8

/** A commit outside a live group is how offsets are reset, and how consumers with `assign` commit. */
const memberless = Object.freeze({ memberless: 'true' })

export const offsetCommitEnforcement = enforceElements({
  api: offsetCommit,
  versions: [2, 10],
  prepare: (request, call) => resolveIds(call, request.topics),
  describe(request, call) {
    const isMemberless = request.memberId === '' && request.generationIdOrMemberEpoch < 0
    return [
      isMemberless ? onGroup('consume', request.groupId, memberless) : onGroup('consume', request.groupId),
      ...request.topics.map((topic) => onTopicOf('consume', topic, call.services.cluster.topics)),
    ]
  },
  refuse(request, verdict) {
    if (verdict.denial(0)) {
      return { topics: request.topics.map((topic) => refusedCommit(topic, errorCode.GROUP_AUTHORIZATION_FAILED)) }
    }
    if (request.topics.some((_, index) => !verdict.denial(index + 1))) return 'partial'
    const topics = request.topics.map((topic, index) => refusedCommit(topic, codeOf(verdict, index + 1)))
    return { topics: joinTopics(topics) }
  },
  admitted: (request, call) => sawGroup(call, request.groupId),
  rewriteRequest(request, verdict) {
    const topics = request.topics.filter((_, index) => !verdict.denial(index + 1))
    return topics.length === request.topics.length ? request : { ...request, topics }
  },
  rewriteOnlyPartial: true,
  rewriteResponse(request, response, verdict) {
    const topics = inRequestOrder(request.topics, response.topics, {
      isSame: (answer, topic) => isSameTopic(answer, topic),
      refused: (topic, index) =>
        verdict.denial(index + 1) ? [refusedCommit(topic, codeOf(verdict, index + 1))] : undefined,
    })
    return { ...response, topics: joinTopics(topics) }
  },
})

export const offsetFetchEnforcement = enforceElements({
  api: offsetFetch,
  versions: [1, 10],
  prepare: (request, call) =>
    resolveIds(
      call,
      groupsOf(request, call.version).flatMap((group) => group.topics ?? []),
    ),
  describe: (request, call) => walk(request, call).operations,
  refuse(request, verdict, call) {
    const groups = walk(request, call).groups
    if (groups.some(({ at }) => !verdict.denial(at))) return 'partial'
    return asResponse(
      call.version,
      groups.map((group) => refusedGroup(group, call.version)),
    )
  },
  rewriteRequest(request, verdict, call) {
    const { groups, operations } = walk(request, call)
    if (operations.every((_, index) => !verdict.denial(index))) return request
    const allowed = groups
      .filter(({ at }) => !verdict.denial(at))
      .map(({ group, at }) => ({
        ...group,
        topics: group.topics?.filter((_, i) => !verdict.denial(at + 1 + i)) ?? null,
      }))
    if (call.version >= batchVersion) return { ...request, groups: allowed }
    return { ...request, topics: allowed[0]?.topics ?? null }
  },
  rewriteResponse(request, response, verdict, call) {
    const answered = call.version >= batchVersion ? [...response.groups] : [asGroup(request, response)]
    const groups = walk(request, call).groups.map((walked) => {
      if (verdict.denial(walked.at)) return refusedGroup(walked, call.version)
      const at = answered.findIndex((candidate) => candidate.groupId === walked.group.groupId)
      const [found] = at < 0 ? [] : answered.splice(at, 1)
      return found === undefined ? refusedGroup(walked, call.version) : mergeGroup(walked, found, verdict, call)
    })
    return { ...asResponse(call.version, groups), throttleTimeMs: response.throttleTimeMs }
  },
})

type AskedGroup = {
  readonly groupId: string
  readonly topics: readonly { name: string; topicId: string; partitionIndexes: number[] }[] | null
}
/** A group asked for, and the place of its own operation; its topics' follow. */
type WalkedGroup = { readonly group: AskedGroup; readonly at: number }

function groupsOf(request: FetchRequest, version: number): readonly AskedGroup[] {
  if (version >= batchVersion) return request.groups
  return [{ groupId: request.groupId, topics: request.topics?.map((topic) => ({ ...topic, topicId: '' })) ?? null }]
}

function walk(request: FetchRequest, call: Call): { operations: Described[]; groups: WalkedGroup[] } {
  const operations: Described[] = []
  const groups = groupsOf(request, call.version).map((group) => {
    const at = operations.push(onGroup('describe', group.groupId)) - 1
    for (const topic of group.topics ?? []) operations.push(onTopicOf('describe', topic, call.services.cluster.topics))
    return { group, at }
  })
  return { operations, groups }
}

function mergeGroup({ group, at }: WalkedGroup, found: FetchedGroup, verdict: Verdict, call: Call): FetchedGroup {
  const { guard, cluster } = call.services
  // An error of the whole group has no topics beside it.
  if (found.errorCode !== errorCode.NONE) return found
  if (group.topics === null) {
    // Asked for all: what may not be described is left out without a word.
    const topics = found.topics.filter((topic) => {
      const operation = onTopicOf('describe', topic, cluster.topics)
      return isAllowed(operation.fixed ?? guard.decide(call.session, operation))
    })
    return { ...found, topics }
  }
  const topics = inRequestOrder(group.topics, found.topics, {
    isSame: (answer, topic) => isSameTopic(answer, topic),
    refused: (topic, index) =>
      verdict.denial(at + 1 + index) ? [refusedFetch(topic, codeOf(verdict, at + 1 + index))] : undefined,
  })
  return { ...found, topics }
}

/** Before v2 there is no error field for the group: each partition carries it. */
function refusedGroup({ group }: WalkedGroup, version: number): FetchedGroup {
  const code = errorCode.GROUP_AUTHORIZATION_FAILED
  const topics = version >= 2 ? [] : (group.topics ?? []).map((topic) => refusedFetch(topic, code))
  return { groupId: group.groupId, topics, errorCode: code }
}

function refusedFetch(topic: NonNullable<AskedGroup['topics']>[number], code: number): FetchedTopic {
  return {
    name: topic.name,
    topicId: topic.topicId,
    partitions: topic.partitionIndexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: -1n,
      committedLeaderEpoch: -1,
      metadata: '',
      errorCode: code,
    })),
  }
}

function asGroup(request: FetchRequest, response: ResponseOf<typeof offsetFetch>): FetchedGroup {
  const topics = response.topics.map((topic) => ({ ...topic, topicId: '' }))
  return { groupId: request.groupId, topics, errorCode: response.errorCode }
}

function asResponse(version: number, groups: readonly FetchedGroup[]): ResponseInputOf<typeof offsetFetch> {
  if (version >= batchVersion) return { groups }
  const [group] = groups
  return { topics: group?.topics ?? [], ...(version >= 2 ? { errorCode: group?.errorCode ?? errorCode.NONE } : {}) }
}

function resolveIds(call: Call, topics: readonly { readonly topicId: string }[]): Promise<void> | undefined {
  if (call.version < topicIdVersion) return undefined
  return call.services.cluster.resolveTopicIds(topics.map((topic) => topic.topicId))
}

function isSameTopic(a: { name: string; topicId: string }, b: { name: string; topicId: string }): boolean {
  return a.name === '' ? a.topicId === b.topicId : a.name === b.name
}

function codeOf(verdict: Verdict, index: number): number {
  const denial = verdict.denial(index)
  return denial === undefined ? errorCode.NONE : topicRefusalCode(denial)
}

/** As the broker answers topics that it refuses: a topic that is asked for twice has one place, with all its partitions. */
function joinTopics(topics: readonly CommittedTopic[]): CommittedTopic[] {
  const joined: CommittedTopic[] = []
  for (const topic of topics) {
    const known = joined.find((candidate) => isSameTopic(candidate, topic))
    if (known === undefined) joined.push({ ...topic, partitions: [...topic.partitions] })
    else known.partitions.push(...topic.partitions)
  }
  return joined
}

function refusedCommit(topic: CommitTopic, code: number): CommittedTopic {
  const partitions = topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code }))
  return { name: topic.name, topicId: topic.topicId, partitions }
}
