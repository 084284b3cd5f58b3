/**
 * Produce: WRITE on each topic. The records stay where they are in the frame; only batch headers are read. An answer leaves when
 * every batch that the broker appended is on record with the offsets it got.
 */
import type { KafkaAccess } from '@weir/contracts'
import {
  decodeResponse,
  encodeResponse,
  errorCode,
  filterProduceRequest,
  produce,
  walkProduceRequest,
  walkProduceResponse,
} from '@weir/kafka-protocol'
import type {
  AnsweredPartition,
  AnsweredTopic,
  ProduceRequestWalk,
  ProduceResponseWalk,
  ProducedPartition,
  ProducedTopic,
  ResponseOf,
} from '@weir/kafka-protocol'
import { WeirError } from '@weir/kernel'
import { zeroTopicId } from '../upstream/topics.ts'
import { decideAll } from './element.ts'
import type { Verdict } from './element.ts'
import { recordDenials, refusalText, sizeBytes } from './enforcement.ts'
import type { Answer, Bytes, Call, Enforcement, Step } from './enforcement.ts'
import {
  internalTopics,
  isUnknownTopic,
  onTopicOf,
  onTransactionalId,
  refused,
  topicRefusalCode,
} from './operations.ts'
import type { Described } from './operations.ts'

type Response = ResponseOf<typeof produce>
type TopicResponse = Response['responses'][number]
type PartitionResponse = TopicResponse['partitionResponses'][number]

/** From here on topics are given by id. */
const topicIdVersion = 13

export const produceEnforcement: Enforcement = {
  api: produce,
  versions: [3, 13],
  handle(call) {
    const walk = walkProduceRequest(call.frame.bytes, call.header.bodyOffset, call.version)
    if (call.version < topicIdVersion) return judge(call, walk)
    const { cluster, clock } = call.services
    const ids = walk.topics.flatMap((topic) => topic.topicId ?? [])
    if (cluster.topics.unresolved(ids, clock.now()).length === 0) return judge(call, walk)
    return cluster.resolveTopicIds(ids).then(() => judge(call, walk))
  },
}

function judge(call: Call, walk: ProduceRequestWalk): Step | Promise<Step> {
  const isTransactional = walk.topics.some((t) => t.partitions.some((p) => p.batch?.transactional === true))
  if (isTransactional) return refuseTransaction(call, walk)
  const verdict = decideAll(
    call,
    walk.topics.map((topic) => describe(call, topic)),
  )
  const denied = new Set(walk.topics.filter((_, index) => verdict.denial(index)))
  const keeps = (partition: ProducedPartition, topic: ProducedTopic) => !denied.has(topic) && isOneBatch(partition)
  const isAsItCame = denied.size === 0 && walk.topics.every((topic) => topic.partitions.every(isOneBatch))
  if (isAsItCame) return forward(call, walk, verdict, undefined)
  const denials = walk.topics.flatMap((_, index) => verdict.denial(index) ?? [])
  const recorded = recordDenials(
    call,
    denials.filter((denial) => !isUnknownTopic(denial.decision)),
  )
  // Without an answer to put the refusal into, the end of the connection is the only sign a producer can get.
  if (walk.acks === 0) return recorded.then(() => ({ kind: 'close', reason: 'refused' }))
  const remaining = filterProduceRequest(call.frame.bytes, walk, keeps)
  return recorded.then(() => {
    if (remaining !== undefined) return forward(call, walk, verdict, remaining)
    return refuseAll(call, walk, (_, index) => refusedPartitions(walk, verdict, index))
  })
}

/** What a broker takes, and all that can be recorded with its offsets: exactly one batch of magic 2 per partition. */
function isOneBatch({ batch }: ProducedPartition): boolean {
  return batch?.batches === 1
}

function describe(call: Call, topic: ProducedTopic): Described {
  const operation = onTopicOf('publish', topic, call.services.cluster.topics)
  const name = operation.resource.slice('kafka:topic:'.length)
  if (!internalTopics.has(name)) return operation
  return refused(operation, 'gateway.internal-topic', 'The broker keeps its own state in this topic.')
}

async function refuseTransaction(call: Call, walk: ProduceRequestWalk): Promise<Step> {
  const operation = refused(
    onTransactionalId('publish', walk.transactionalId ?? ''),
    'gateway.no-transactions',
    'Transactions are not served yet.',
  )
  const verdict = decideAll(call, [operation])
  const denial = verdict.denial(0)
  if (denial !== undefined) await recordDenials(call, [denial])
  if (walk.acks === 0) return { kind: 'close', reason: 'refused' }
  const text = denial === undefined ? null : refusalText(denial)
  return refuseAll(call, walk, (topic) =>
    topic.partitions.map((p) => refusedPartition(p.index, errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, text)),
  )
}

function refuseAll(
  call: Call,
  walk: ProduceRequestWalk,
  refuse: (topic: ProducedTopic, index: number) => PartitionResponse[],
): Step {
  const responses = walk.topics.map((topic, index) => ({
    ...identityOf(topic),
    partitionResponses: refuse(topic, index),
  }))
  const body = { responses, nodeEndpoints: [] }
  return { kind: 'answer', bytes: [encodeResponse(produce, call.version, call.header.correlationId, body)] }
}

function forward(call: Call, walk: ProduceRequestWalk, verdict: Verdict, remaining: Bytes | undefined): Step {
  const isSilent = walk.acks === 0
  // The broker tells no offsets for acks=0, so it is asked for them, and its answer is kept from the client.
  if (isSilent) call.frame.bytes.writeInt16BE(1, walk.acksPosition)
  return {
    kind: 'forward',
    outlivesClient: true,
    ...(remaining === undefined ? {} : { requests: [remaining] }),
    answer: async ([frame]): Promise<Answer> => {
      const answered = walkProduceResponse(frame as Buffer, sizeBytes, call.version)
      await record(call, walk, verdict, answered)
      if (isSilent) return silently(answered)
      if (remaining === undefined && !answered.endsWithTags) return { kind: 'as-is' }
      const response = decodeResponse(produce, call.version, frame as Buffer, sizeBytes).body
      const body = {
        ...response,
        responses: merge(walk, verdict, response),
        nodeEndpoints: response.nodeEndpoints.map((node) => call.services.addresses.rewrite(node)),
      }
      await call.services.cluster.learnBrokers(response.nodeEndpoints)
      return { kind: 'replace', bytes: [encodeResponse(produce, call.version, call.header.correlationId, body)] }
    },
  }
}

/** As a broker does with acks=0: an error ends the connection, success is silence. */
function silently({ topics }: ProduceResponseWalk): Answer {
  const failed = topics.some((t) => t.partitions.some((p) => p.errorCode !== errorCode.NONE))
  return failed ? { kind: 'close', reason: 'refused' } : { kind: 'none' }
}

/** Writes one event per appended batch; resolves when they are written, or durable where a rule asks for it. */
async function record(
  call: Call,
  walk: ProduceRequestWalk,
  verdict: Verdict,
  { topics }: ProduceResponseWalk,
): Promise<void> {
  const { guard } = call.services
  let last
  let isStrict = false
  for (const topic of topics) {
    const index = walk.topics.findIndex((asked) => isSameTopic(asked, topic))
    const asked = walk.topics[index]
    const decision = verdict.decisions[index]
    const operation = verdict.operations[index]
    if (asked === undefined || decision === undefined || operation === undefined) {
      throw new WeirError('WEIR_PROTOCOL_ERROR', 'The broker answered for a topic that was not asked.')
    }
    for (const answer of topic.partitions) {
      if (answer.errorCode !== errorCode.NONE) continue
      const partition = asked.partitions.find((p) => p.index === answer.index)
      if (partition === undefined)
        throw new WeirError('WEIR_PROTOCOL_ERROR', 'The broker answered for a partition that was not asked.')
      const event = appended(call, partition, answer, operation.resource.slice('kafka:topic:'.length), asked.topicId)
      if (event === undefined) continue
      const { durability } = decision.obligations
      isStrict ||= durability === 'strict'
      last = guard.record(
        call.session,
        {
          ...event,
          ruleId: decision.ruleId,
          policyRevision: decision.policyRevision,
          level: decision.obligations.record,
        },
        durability,
      )
    }
  }
  await (isStrict ? last?.durable : last?.written)
}

function appended(
  call: Call,
  { batch, index }: ProducedPartition,
  { baseOffset: firstOffset }: AnsweredPartition,
  topic: string,
  topicId: string | undefined,
): Omit<KafkaAccess, 'ruleId' | 'policyRevision' | 'level'> | undefined {
  if (batch === undefined || batch.count === 0) return undefined
  if (firstOffset < 0) {
    throw new WeirError('WEIR_PROTOCOL_ERROR', `The broker appended to ${topic}-${index} without telling where.`)
  }
  const isIdempotent = batch.producerId >= 0
  return {
    type: 'kafka.publish',
    sessionId: call.session.id,
    topic,
    topicId,
    partition: index,
    firstOffset,
    lastOffset: firstOffset + batch.lastOffsetDelta,
    runs: undefined,
    records: batch.count,
    bytes: batch.bytes,
    clientId: call.header.clientId ?? undefined,
    group: undefined,
    requestedOffset: undefined,
    producerId: isIdempotent ? batch.producerId : undefined,
    producerEpoch: isIdempotent ? batch.producerEpoch : undefined,
    baseSequence: isIdempotent ? batch.baseSequence : undefined,
  }
}

function identityOf(topic: ProducedTopic): { name: string; topicId: string } {
  return { name: topic.name ?? '', topicId: topic.topicId ?? zeroTopicId }
}

function isSameTopic(asked: ProducedTopic, answered: Pick<AnsweredTopic, 'name' | 'topicId'>): boolean {
  return asked.name === undefined ? asked.topicId === answered.topicId : asked.name === answered.name
}

/** All topics in the order of the request: the broker's answers, and the refusals between them. */
function merge(walk: ProduceRequestWalk, verdict: Verdict, response: Response): TopicResponse[] {
  const answered = [...response.responses]
  const merged = walk.topics.flatMap((topic, index): TopicResponse[] => {
    const at = answered.findIndex((candidate) => isSameTopic(topic, candidate))
    const [found] = at < 0 ? [] : answered.splice(at, 1)
    const partitionResponses = [...(found?.partitionResponses ?? []), ...refusedPartitions(walk, verdict, index)]
    return [{ ...identityOf(topic), partitionResponses }]
  })
  return [...merged, ...answered]
}

/** The partitions of a topic that did not go on: all of a refused one, else those whose records are not one batch. */
function refusedPartitions(walk: ProduceRequestWalk, verdict: Verdict, index: number): PartitionResponse[] {
  const denial = verdict.denial(index)
  const partitions = walk.topics[index]?.partitions ?? []
  if (denial === undefined) {
    return partitions
      .filter((partition) => !isOneBatch(partition))
      .map((partition) =>
        refusedPartition(partition.index, errorCode.INVALID_RECORD, 'Exactly one record batch of magic 2 is taken.'),
      )
  }
  const text = isUnknownTopic(denial.decision) ? null : refusalText(denial)
  return partitions.map((partition) => refusedPartition(partition.index, topicRefusalCode(denial), text))
}

function refusedPartition(index: number, code: number, errorMessage: string | null): PartitionResponse {
  return {
    index,
    errorCode: code,
    baseOffset: -1n,
    logAppendTimeMs: -1n,
    logStartOffset: -1n,
    recordErrors: [],
    errorMessage,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  }
}
