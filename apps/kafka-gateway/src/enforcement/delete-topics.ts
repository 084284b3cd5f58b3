import { deleteTopics, errorCode } from '@weir/kafka-protocol'
import type { RequestOf, ResponseOf } from '@weir/kafka-protocol'
import { zeroTopicId } from '../upstream/topics.ts'
import { enforceElements } from './element.ts'
import type { Verdict } from './element.ts'
import { adminRefusal, isAllowed } from './enforcement.ts'
import type { Call } from './enforcement.ts'
import { faultCode, invalid, onTopic, onTopicOf, repeatedNames } from './operations.ts'
import type { Described } from './operations.ts'
import { inRequestOrder } from './request-order.ts'

type Request = RequestOf<typeof deleteTopics>
type Target = { readonly name: string | null; readonly topicId: string }
type Deleted = ResponseOf<typeof deleteTopics>['responses'][number]

/** From here on topics are given by name or id. */
const topicIdVersion = 6

/** DELETE on each topic. A topic given by id is answered with its name only to those who may describe it. */
export const deleteTopicsEnforcement = enforceElements({
  api: deleteTopics,
  versions: [1, 6],
  prepare: (request, call) =>
    call.version < topicIdVersion
      ? undefined
      : call.services.cluster.resolveTopicIds(
          request.topics.flatMap((topic) => (topic.name === null ? topic.topicId : [])),
        ),
  describe: (request, call) => operationsOn(targetsOf(request, call.version), call),
  refuse(request, verdict, call) {
    const targets = targetsOf(request, call.version)
    if (targets.some((_, index) => !verdict.denial(index))) return 'partial'
    return { responses: targets.flatMap((_, index) => refusedTopic(targets, verdict, index, call)) }
  },
  rewriteRequest(request, verdict, call) {
    const isPartial = targetsOf(request, call.version).some((_, index) => verdict.denial(index))
    if (!isPartial) return request
    return {
      ...request,
      topics: request.topics.filter((_, index) => !verdict.denial(index)),
      topicNames: request.topicNames.filter((_, index) => !verdict.denial(index)),
    }
  },
  done: (request, response, _verdict, call) =>
    targetsOf(request, call.version).flatMap((target, index) => {
      const deleted = response.responses.find((candidate) => isSame(candidate, target))
      return deleted === undefined
        ? []
        : [{ index, errorCode: deleted.errorCode, attributes: { topicId: deleted.topicId } }]
    }),
  rewriteResponse(request, response, verdict, call) {
    const targets = targetsOf(request, call.version)
    const responses = inRequestOrder(targets, response.responses, {
      isSame: (answer, target) => isSame(answer, target),
      refused: (_, index) => (verdict.denial(index) ? refusedTopic(targets, verdict, index, call) : undefined),
    })
    return { ...response, responses }
  },
})

function targetsOf(request: Request, version: number): readonly Target[] {
  if (version >= topicIdVersion) return request.topics
  return request.topicNames.map((name) => ({ name, topicId: zeroTopicId }))
}

function isSame(a: Target, b: Target): boolean {
  return b.name === null ? a.topicId === b.topicId : a.name === b.name
}

/** What a broker refuses before it looks at any right: a topic given in two ways, in none, or more than once. */
function operationsOn(targets: readonly Target[], call: Call): Described[] {
  const repeated = repeatedNames(targets.map(keyOf))
  return targets.map((target) => {
    const operation = onTopicOf('delete', target, call.services.cluster.topics)
    if ((target.name === null) === (target.topicId === zeroTopicId))
      return invalid(operation, 'A topic is given either by its name or by its id.')
    return repeated.has(keyOf(target)) ? invalid(operation, 'The topic is given more than once.') : operation
  })
}

function keyOf(target: Target): string {
  return target.name === null ? `id ${target.topicId}` : `name ${target.name}`
}

/** The refusal of a target; nothing for the further places of one that stands more than once. */
function refusedTopic(targets: readonly Target[], verdict: Verdict, index: number, call: Call): Deleted[] {
  const target = targets[index]
  const denial = verdict.denial(index)
  if (target === undefined || denial === undefined) return []
  const { topicId } = target
  const fault = faultCode(denial.decision)
  if (fault === undefined) {
    const name = shownName(target, call)
    return [{ name, topicId, ...adminRefusal(denial, errorCode.TOPIC_AUTHORIZATION_FAILED) }]
  }
  const isFirst = targets.findIndex((other) => keyOf(other) === keyOf(target)) === index
  return isFirst ? [{ name: target.name, topicId, errorCode: fault, errorMessage: denial.decision.reason ?? null }] : []
}

function shownName(target: Target, call: Call): string | null {
  if (target.name !== null) return target.name
  const name = call.services.cluster.topics.name(target.topicId)
  if (name === undefined) return null
  return isAllowed(call.services.guard.decide(call.session, onTopic('describe', name))) ? name : null
}
