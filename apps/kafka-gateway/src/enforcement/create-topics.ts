import { createPartitions, createTopics, errorCode } from '@weir/kafka-protocol'
import type { Action } from '@weir/contracts'
import type { ResponseOf } from '@weir/kafka-protocol'
import { configsScope, faultCode, invalid, onTopic, repeatedNames } from './operations.ts'
import type { Described } from './operations.ts'
import { zeroTopicId } from '../upstream/topics.ts'
import { enforceElements } from './element.ts'
import type { Verdict } from './element.ts'
import { adminRefusal, isAllowed } from './enforcement.ts'
import type { Call } from './enforcement.ts'
import { inRequestOrder } from './request-order.ts'

type Created = ResponseOf<typeof createTopics>['topics'][number]

/** CREATE on each topic. What the settings of a new topic are is shown only with DESCRIBE_CONFIGS on it. */
export const createTopicsEnforcement = enforceElements({
  api: createTopics,
  versions: [2, 7],
  describe: (request) => onEach('create', request.topics),
  refuse(request, verdict) {
    if (request.topics.some((_, index) => !verdict.denial(index))) return 'partial'
    return { topics: request.topics.flatMap((topic, index) => refusedTopic(topic.name, verdict, index, request)) }
  },
  rewriteRequest(request, verdict) {
    const topics = request.topics.filter((_, index) => !verdict.denial(index))
    return topics.length === request.topics.length ? request : { ...request, topics }
  },
  done: (request, response) =>
    request.topics.flatMap((topic, index) => {
      const created = response.topics.find((candidate) => candidate.name === topic.name)
      if (created === undefined) return []
      const attributes = {
        partitions: String(topic.numPartitions),
        replicationFactor: String(topic.replicationFactor),
        topicId: created.topicId,
        validateOnly: String(request.validateOnly),
        ...Object.fromEntries(topic.configs.map((config) => [`config.${config.name}`, config.value ?? ''])),
      }
      return [{ index, errorCode: created.errorCode, attributes }]
    }),
  rewriteResponse(request, response, verdict, call) {
    const topics = inRequestOrder(request.topics, response.topics, {
      isSame: (answer, topic) => answer.name === topic.name,
      refused: (topic, index) =>
        verdict.denial(index) ? refusedTopic(topic.name, verdict, index, request) : undefined,
    })
    return { ...response, topics: topics.map((topic) => showCreated(topic, call)) }
  },
})

function showCreated(topic: Created, call: Call): Created {
  if (topic.errorCode !== errorCode.NONE) return topic
  call.services.cluster.topics.learn(topic.topicId, topic.name)
  const maySeeConfigs = { ...onTopic('describe', topic.name), attributes: configsScope }
  if (isAllowed(call.services.guard.decide(call.session, maySeeConfigs))) return topic
  return {
    ...topic,
    topicConfigErrorCode: errorCode.TOPIC_AUTHORIZATION_FAILED,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  }
}

function refusedTopic(name: string, verdict: Verdict, index: number, request: Request): Created[] {
  const details = { topicConfigErrorCode: errorCode.NONE, numPartitions: -1, replicationFactor: -1, configs: [] }
  return refusalOnce(name, verdict, index, request).map((refusal) => ({
    topicId: zeroTopicId,
    ...refusal,
    ...details,
  }))
}

type Request = { readonly topics: readonly { readonly name: string }[] }

/** A name that stands more than once is refused before any right is looked at, so that not even a right is told by it. */
function onEach(action: Action, topics: Request['topics']): Described[] {
  const repeated = repeatedNames(topics.map((topic) => topic.name))
  return topics.map(({ name }) => {
    const operation = onTopic(action, name)
    return repeated.has(name) ? invalid(operation, 'The topic is named more than once.') : operation
  })
}

/** The refusal of a name; nothing for the further places of one that stands more than once. */
function refusalOnce(name: string, verdict: Verdict, index: number, { topics }: Request) {
  const denial = verdict.denial(index)
  const fault = denial === undefined ? undefined : faultCode(denial.decision)
  if (fault === undefined) return [{ name, ...adminRefusal(denial, errorCode.TOPIC_AUTHORIZATION_FAILED) }]
  const isFirst = topics.findIndex((topic) => topic.name === name) === index
  return isFirst ? [{ name, errorCode: fault, errorMessage: denial?.decision.reason ?? null }] : []
}

/** ALTER on each topic. */
export const createPartitionsEnforcement = enforceElements({
  api: createPartitions,
  versions: [0, 3],
  describe: (request) => onEach('alter', request.topics),
  refuse(request, verdict) {
    if (request.topics.some((_, index) => !verdict.denial(index))) return 'partial'
    return {
      throttleTimeMs: 0,
      results: request.topics.flatMap((topic, index) => refusalOnce(topic.name, verdict, index, request)),
    }
  },
  rewriteRequest(request, verdict) {
    const topics = request.topics.filter((_, index) => !verdict.denial(index))
    return topics.length === request.topics.length ? request : { ...request, topics }
  },
  done: (request, response) =>
    request.topics.flatMap((topic, index) => {
      const result = response.results.find((candidate) => candidate.name === topic.name)
      const attributes = { partitions: String(topic.count), validateOnly: String(request.validateOnly) }
      return result === undefined ? [] : [{ index, errorCode: result.errorCode, attributes }]
    }),
  rewriteResponse(request, response, verdict) {
    const results = inRequestOrder(request.topics, response.results, {
      isSame: (answer, topic) => answer.name === topic.name,
      refused: (topic, index) => (verdict.denial(index) ? refusalOnce(topic.name, verdict, index, request) : undefined),
    })
    return { ...response, results }
  },
})
