/** Where a log stands: ListOffsets and OffsetForLeaderEpoch, DESCRIBE on the topic. Only as a consumer, never as a replica. */
import { errorCode, listOffsets, offsetForLeaderEpoch } from '@weir/kafka-protocol'
import type { ResponseInputOf } from '@weir/kafka-protocol'
import { enforceElements } from './element.ts'
import { onTopic, onlyForBrokers } from './operations.ts'
import { inRequestOrder } from './request-order.ts'

/** Any other replica id reads as a follower or a debugger would: nobody gets that through the gateway. */
const consumerReplicaId = -1

type ListOffsetsTopic = ResponseInputOf<typeof listOffsets>['topics'][number]
type EpochTopic = ResponseInputOf<typeof offsetForLeaderEpoch>['topics'][number]

export const listOffsetsEnforcement = enforceElements({
  api: listOffsets,
  versions: [1, 11],
  describe: (request) =>
    request.replicaId === consumerReplicaId
      ? request.topics.map((topic) => onTopic('describe', topic.name))
      : request.topics.map(() => onlyForBrokers()),
  refuse(request, verdict) {
    if (request.topics.some((_, index) => !verdict.denial(index))) return 'partial'
    return { topics: request.topics.map(refusedListOffsets) }
  },
  rewriteRequest(request, verdict) {
    const topics = request.topics.filter((_, index) => !verdict.denial(index))
    return topics.length === request.topics.length ? request : { ...request, topics }
  },
  rewriteOnlyPartial: true,
  rewriteResponse(request, response, verdict) {
    const topics = inRequestOrder<(typeof request.topics)[number], ListOffsetsTopic>(request.topics, response.topics, {
      isSame: (answer, topic) => answer.name === topic.name,
      refused: (topic, index) => (verdict.denial(index) ? [refusedListOffsets(topic)] : undefined),
    })
    return { ...response, topics }
  },
})

function refusedListOffsets(topic: {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number }[]
}): ListOffsetsTopic {
  return {
    name: topic.name,
    partitions: topic.partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode: errorCode.TOPIC_AUTHORIZATION_FAILED,
      timestamp: -1n,
      offset: -1n,
      leaderEpoch: -1,
    })),
  }
}

export const offsetForLeaderEpochEnforcement = enforceElements({
  api: offsetForLeaderEpoch,
  versions: [2, 4],
  describe: (request, call) =>
    // v2 has no replica id and means a consumer; the table's default for it is the debugging consumer.
    call.version < 3 || request.replicaId === consumerReplicaId
      ? request.topics.map((topic) => onTopic('describe', topic.topic))
      : request.topics.map(() => onlyForBrokers()),
  refuse(request, verdict) {
    if (request.topics.some((_, index) => !verdict.denial(index))) return 'partial'
    return { topics: request.topics.map(refusedEpoch) }
  },
  rewriteRequest(request, verdict) {
    const topics = request.topics.filter((_, index) => !verdict.denial(index))
    return topics.length === request.topics.length ? request : { ...request, topics }
  },
  rewriteOnlyPartial: true,
  rewriteResponse(request, response, verdict) {
    const topics = inRequestOrder<(typeof request.topics)[number], EpochTopic>(request.topics, response.topics, {
      isSame: (answer, topic) => answer.topic === topic.topic,
      refused: (topic, index) => (verdict.denial(index) ? [refusedEpoch(topic)] : undefined),
    })
    return { ...response, topics }
  },
})

function refusedEpoch(topic: {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number }[]
}): EpochTopic {
  return {
    topic: topic.topic,
    partitions: topic.partitions.map(({ partition }) => ({
      partition,
      errorCode: errorCode.TOPIC_AUTHORIZATION_FAILED,
      leaderEpoch: -1,
      endOffset: -1n,
    })),
  }
}
