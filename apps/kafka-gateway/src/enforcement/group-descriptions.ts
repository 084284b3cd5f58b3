/** Looking at groups: DESCRIBE on each; a list leaves out what may not be seen. */
import { consumerGroupDescribe, describeGroups, errorCode, listGroups } from '@weir/kafka-protocol'
import type { ResponseOf } from '@weir/kafka-protocol'
import { groupOperations, operationsOmitted } from './authorized-operations.ts'
import { enforceElements } from './element.ts'
import type { Verdict } from './element.ts'
import { isAllowed, refusalText } from './enforcement.ts'
import type { Call } from './enforcement.ts'
import { onCluster, onGroup, onTopic } from './operations.ts'
import { inRequestOrder } from './request-order.ts'

type ClassicGroup = ResponseOf<typeof describeGroups>['groups'][number]
type ConsumerGroup = ResponseOf<typeof consumerGroupDescribe>['groups'][number]

/** From here on a described group has a text beside its code. */
const messageVersion = 6

export const describeGroupsEnforcement = enforceElements({
  api: describeGroups,
  versions: [0, 6],
  describe: (request) => request.groups.map((group) => onGroup('describe', group)),
  refuse(request, verdict, call) {
    if (request.groups.some((_, index) => !verdict.denial(index))) return 'partial'
    return { groups: request.groups.map((group, index) => refusedClassic(group, verdict, index, call)) }
  },
  rewriteRequest(request, verdict) {
    const groups = request.groups.filter((_, index) => !verdict.denial(index))
    return groups.length === request.groups.length ? request : { ...request, groups }
  },
  rewriteResponse(request, response, verdict, call) {
    const shown = response.groups.map((group) => withOperations(group, request, call))
    const groups = inRequestOrder(request.groups, shown, {
      isSame: (answer, group) => answer.groupId === group,
      refused: (group, index) => (verdict.denial(index) ? [refusedClassic(group, verdict, index, call)] : undefined),
    })
    return { ...response, groups }
  },
})

export const listGroupsEnforcement = enforceElements({
  api: listGroups,
  versions: [0, 5],
  describe: () => [],
  refuse: () => 'close',
  rewriteResponse(_request, response, _verdict, call) {
    const { guard } = call.services
    if (isAllowed(guard.decide(call.session, onCluster('describe')))) return response
    const groups = response.groups.filter((group) =>
      isAllowed(guard.decide(call.session, onGroup('describe', group.groupId))),
    )
    return groups.length === response.groups.length ? response : { ...response, groups }
  },
})

export const consumerGroupDescribeEnforcement = enforceElements({
  api: consumerGroupDescribe,
  versions: [0, 1],
  describe: (request) => request.groupIds.map((group) => onGroup('describe', group)),
  refuse(request, verdict) {
    if (request.groupIds.some((_, index) => !verdict.denial(index))) return 'partial'
    return { throttleTimeMs: 0, groups: request.groupIds.map((group, index) => refusedConsumer(group, verdict, index)) }
  },
  rewriteRequest(request, verdict) {
    const groupIds = request.groupIds.filter((_, index) => !verdict.denial(index))
    return groupIds.length === request.groupIds.length ? request : { ...request, groupIds }
  },
  rewriteResponse(request, response, verdict, call) {
    const shown = response.groups.map((group) => showConsumer(withOperations(group, request, call), call))
    const groups = inRequestOrder(request.groupIds, shown, {
      isSame: (answer, group) => answer.groupId === group,
      refused: (group, index) => (verdict.denial(index) ? [refusedConsumer(group, verdict, index)] : undefined),
    })
    return { ...response, groups }
  },
})

function withOperations<G extends { errorCode: number; groupId: string; authorizedOperations: number }>(
  group: G,
  request: { readonly includeAuthorizedOperations: boolean },
  call: Call,
): G {
  const isAsked = request.includeAuthorizedOperations && group.errorCode === errorCode.NONE
  return { ...group, authorizedOperations: isAsked ? groupOperations(call, group.groupId) : operationsOmitted }
}

/** One assigned topic that may not be described hides the members, as a broker does it. */
function showConsumer(group: ConsumerGroup, call: Call): ConsumerGroup {
  const hidesTopic = group.members.some((member) =>
    [...member.assignment.topicPartitions, ...member.targetAssignment.topicPartitions].some(
      (topic) => !isAllowed(call.services.guard.decide(call.session, onTopic('describe', topic.topicName))),
    ),
  )
  if (!hidesTopic) return group
  return {
    ...emptyConsumer(group.groupId),
    errorCode: errorCode.TOPIC_AUTHORIZATION_FAILED,
    errorMessage: 'The group has members with topics that the principal may not describe.',
  }
}

function refusedClassic(groupId: string, verdict: Verdict, index: number, call: Call): ClassicGroup {
  const denial = verdict.denial(index)
  return {
    errorCode: errorCode.GROUP_AUTHORIZATION_FAILED,
    errorMessage: denial === undefined || call.version < messageVersion ? null : refusalText(denial),
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: operationsOmitted,
  }
}

function refusedConsumer(groupId: string, verdict: Verdict, index: number): ConsumerGroup {
  const denial = verdict.denial(index)
  return {
    ...emptyConsumer(groupId),
    errorCode: errorCode.GROUP_AUTHORIZATION_FAILED,
    errorMessage: denial === undefined ? null : refusalText(denial),
  }
}

function emptyConsumer(groupId: string): ConsumerGroup {
  return {
    errorCode: errorCode.NONE,
    errorMessage: null,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
    authorizedOperations: operationsOmitted,
  }
}
