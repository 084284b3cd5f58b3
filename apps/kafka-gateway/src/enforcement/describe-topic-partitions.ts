/**
 * DescribeTopicPartitions (KIP-966): topics in pages. Hidden topics are left out of a list of all, and the cursor must not name
 * one either, so pages are read on until the next topic is one that may be seen.
 */
import { describeTopicPartitions, errorCode } from '@weir/kafka-protocol'
import type { ResponseOf } from '@weir/kafka-protocol'
import { zeroTopicId } from '../upstream/topics.ts'
import { operationsOmitted, topicOperations } from './authorized-operations.ts'
import { enforceElements } from './element.ts'
import { isAllowed } from './enforcement.ts'
import type { Call } from './enforcement.ts'
import { onTopic } from './operations.ts'

type Response = ResponseOf<typeof describeTopicPartitions>
type Topic = Response['topics'][number]

export const describeTopicPartitionsEnforcement = enforceElements({
  api: describeTopicPartitions,
  versions: [0, 0],
  describe: (request) => request.topics.map((topic) => onTopic('describe', topic.name)),
  refuse(request, verdict) {
    if (request.topics.some((_, index) => !verdict.denial(index))) return 'partial'
    return { throttleTimeMs: 0, topics: request.topics.map((topic) => refusedTopic(topic.name)) }
  },
  rewriteRequest(request, verdict) {
    const topics = request.topics.filter((_, index) => !verdict.denial(index))
    return topics.length === request.topics.length ? request : { ...request, topics }
  },
  async rewriteResponse(request, response, verdict, call) {
    for (const topic of response.topics)
      if (topic.name !== null) call.services.cluster.topics.learn(topic.topicId, topic.name)
    if (request.topics.length === 0) return showAll(request.responsePartitionLimit, response, call)
    const answered = new Map(response.topics.map((topic) => [topic.name, topic]))
    const from = request.cursor?.topicName ?? ''
    const topics = request.topics.flatMap((topic, index) => {
      if (verdict.denial(index)) return topic.name >= from ? refusedTopic(topic.name) : []
      const found = answered.get(topic.name)
      return found === undefined ? [] : withOperations(found, call)
    })
    return { ...response, topics }
  },
})

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
