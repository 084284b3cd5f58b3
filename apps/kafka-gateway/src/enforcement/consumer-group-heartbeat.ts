/**
 * The consumer protocol of KIP-848: READ on the group, DESCRIBE on every topic named. A regular expression would be resolved by the
 * broker with the gateway's own rights, so it is refused.
 */
import { consumerGroupHeartbeat, errorCode } from '@weir/kafka-protocol'
import { enforceElements } from './element.ts'
import { refusalText } from './enforcement.ts'
import { sawGroup } from './group-membership.ts'
import { onGroup, onTopic, refused } from './operations.ts'

const regexRule = 'gateway.no-topic-regex'

export const consumerGroupHeartbeatEnforcement = enforceElements({
  api: consumerGroupHeartbeat,
  versions: [0, 1],
  describe(request) {
    const group = onGroup('consume', request.groupId)
    const topics = (request.subscribedTopicNames ?? []).map((name) => onTopic('describe', name))
    const regex = request.subscribedTopicRegex
    if (regex === null || regex === '') return [group, ...topics]
    const reason =
      'The broker would resolve a topic pattern with the rights of the gateway; subscribe to a list of topics.'
    return [group, ...topics, refused(onTopic('describe', regex), regexRule, reason)]
  },
  admitted: (request, call) => sawGroup(call, request.groupId),
  refuse(_request, verdict) {
    const group = verdict.denial(0)
    const index = verdict.operations.findIndex((_, at) => verdict.denial(at))
    const first = verdict.denial(index)
    const code =
      group !== undefined
        ? errorCode.GROUP_AUTHORIZATION_FAILED
        : first?.decision.ruleId === regexRule
          ? errorCode.INVALID_REGULAR_EXPRESSION
          : errorCode.TOPIC_AUTHORIZATION_FAILED
    return {
      throttleTimeMs: 0,
      errorCode: code,
      errorMessage: first === undefined ? null : refusalText(first),
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
    }
  },
})
