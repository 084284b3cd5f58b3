/**
 * DescribeTopicPartitions (KIP-966): topics in pages. Hidden topics are left out of a list of all, and the cursor must not name
 * one either, so pages are read on until the next topic is one that may be seen.
 */
import { describeTopicPartitions, errorCode } from '@weir/kafka-protocol'
import type { RequestOf, ResponseOf } from '@weir/kafka-protocol'
import { zeroTopicId } from '../upstream/topics.ts'
import { operationsOmitted, topicOperations } from './authorized-operations.ts'
import { enforceElements } from './element.ts'
import { isAllowed } from './enforcement.ts'
import type { Call } from './enforcement.ts'
import { faultCode, invalid, onTopic } from './operations.ts'

type Request = RequestOf<typeof describeTopicPartitions>
type Response = ResponseOf<typeof describeTopicPartitions>
type Topic = Response['topics'][number]

export const describeTopicPartitionsEnforcement = enforceElements({
  api: describeTopicPartitions,
  versions: [0, 0],
  describe(request) {
    if (isCursorValid(request)) return namesOf(request).map((name) => onTopic('describe', name))
    return request.topics.map(({ name }) => invalid(onTopic('describe', name), 'The cursor is not one of this list.'))
  },
  refuse(request, verdict) {
    const names = isCursorValid(request) ? namesOf(request) : request.topics.map((topic) => topic.name)
    if (names.some((_, index) => !verdict.denial(index))) return 'partial'
    const code = verdict.decisions.map(faultCode)[0] ?? errorCode.TOPIC_AUTHORIZATION_FAILED
    return { throttleTimeMs: 0, topics: names.map((name) => ({ ...refusedTopic(name), errorCode: code })) }
  },
  rewriteRequest(request, verdict) {
    const names = namesOf(request)
    const allowed = names.filter((_, index) => !verdict.denial(index))
    if (allowed.length === names.length) return request
    // The broker wants the cursor's topic in the list.
    const cursor = allowed.includes(request.cursor?.topicName ?? '') ? request.cursor : null
    return { ...request, topics: allowed.map((name) => ({ name })), cursor }
  },
  async rewriteResponse(request, response, verdict, call) {
    for (const topic of response.topics)
      if (topic.name !== null) call.services.cluster.topics.learn(topic.topicId, topic.name)
    if (request.topics.length === 0) return showAll(request.responsePartitionLimit, response, call)
    const answered = new Map(response.topics.map((topic) => [topic.name, topic]))
    const topics = namesOf(request).flatMap((name, index) => {
      if (verdict.denial(index)) return refusedTopic(name)
      const found = answered.get(name)
      return found === undefined ? [] : withOperations(found, call)
    })
    return { ...response, topics }
  },
})

/** Each name once, from the cursor on. Never empty for a list of some with a valid cursor: an empty list would ask for all. */
function namesOf({ topics, cursor }: Request): string[] {
  const names = new Set(topics.map((topic) => topic.name))
  return [...names].filter((name) => name >= (cursor?.topicName ?? ''))
}

/** As the broker has it: the cursor is one of the topics asked for, where some are asked for, and at a partition. */
function isCursorValid({ topics, cursor }: Request): boolean {
  if (cursor === null || topics.length === 0) return true
  return cursor.partitionIndex >= 0 && topics.some((topic) => topic.name === cursor.topicName)
}

async function showAll(responsePartitionLimit: number, first: Response, call: Call): Promise<Response> {
  let page = first
  const topics = visible(page, call)
  while (page.nextCursor !== null && !isVisible(page.nextCursor.topicName, call)) {
    page = await call.services.cluster.ask(describeTopicPartitions, 0, {
      topics: [],
      responsePartitionLimit,
      cursor: page.nextCursor,
    })
    topics.push(...visible(page, call))
  }
  return { ...first, topics, nextCursor: page.nextCursor }
}

function visible(page: Response, call: Call): Topic[] {
  return page.topics
    .filter((topic) => topic.name !== null && isVisible(topic.name, call))
    .map((topic) => withOperations(topic, call))
}

function isVisible(name: string, call: Call): boolean {
  return isAllowed(call.services.guard.decide(call.session, onTopic('describe', name)))
}

function withOperations(topic: Topic, call: Call): Topic {
  return {
    ...topic,
    topicAuthorizedOperations: topic.name === null ? operationsOmitted : topicOperations(call, topic.name),
  }
}

function refusedTopic(name: string): Topic {
  return {
    errorCode: errorCode.TOPIC_AUTHORIZATION_FAILED,
    name,
    topicId: zeroTopicId,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: operationsOmitted,
  }
}
