/**
 * Records on their way to a consumer: decided once more, put on record, and only then released. They stay where they are in the
 * frame; what may not leave is replaced by an error.
 */
import type { Decision, Recorded } from '@weir/contracts'
import {
  KafkaProtocolError,
  blankPartialBatch,
  deliveredRuns,
  errorCode,
  walkFetchResponse,
  writeFetchResponse,
} from '@weir/kafka-protocol'
import type { FetchResponseWalk, FetchTopicEdit, FetchedPartition, FetchedTopic } from '@weir/kafka-protocol'
import { isAllowed, sizeBytes } from './enforcement.ts'
import type { Answer, Call, Denial } from './enforcement.ts'
import { asTopics } from './fetch-session.ts'
import type { FetchAsk } from './fetch-session.ts'
import { onTopicOf, topicRefusalCode } from './operations.ts'

/** What happens to the partitions of an answer: records stay, or an error takes their place. */
type Release = {
  readonly refused: Map<FetchedPartition, number>
  recorded: Recorded | undefined
  isStrict: boolean
}

/** What a client may see of an answer; resolves when what it holds is on record. */
export async function releaseFetch(call: Call, ask: FetchAsk, frame: Buffer): Promise<Answer> {
  const walk = walkFetchResponse(frame, sizeBytes, call.version)
  const sessionId = keepSession(call, ask, walk)
  const release: Release = { refused: new Map(), recorded: undefined, isStrict: false }
  for (const topic of walk.topics) {
    let now: ReturnType<typeof decideNow> | undefined
    for (const partition of topic.partitions) {
      if (partition.recordsEnd <= partition.recordsStart) continue
      now ??= decideNow(call, topic)
      releasePartition(call, ask, topic, partition, now, release, frame)
    }
  }
  await (release.isStrict ? release.recorded?.durable : release.recorded?.written)
  // An answer with an error for the whole request has no partitions at all.
  const added = walk.errorCode === errorCode.NONE ? refusedTopics(ask) : []
  const isAsItCame =
    release.refused.size === 0 && added.length === 0 && walk.nodeEndpoints.length === 0 && sessionId === walk.sessionId
  if (isAsItCame) return { kind: 'as-is' }
  await call.services.cluster.learnBrokers(walk.nodeEndpoints)
  const kept = walk.topics.map((topic): FetchTopicEdit => ({
    topic,
    partitions: topic.partitions.map((p) => withhold(p, release)),
  }))
  const nodeEndpoints = walk.nodeEndpoints.map((node) => call.services.addresses.rewrite(node))
  return {
    kind: 'replace',
    bytes: writeFetchResponse(frame, walk, { topics: [...kept, ...added], nodeEndpoints, sessionId }),
  }
}

function withhold(partition: FetchedPartition, release: Release): FetchTopicEdit['partitions'][number] {
  const code = release.refused.get(partition)
  if (code === undefined) return { from: partition }
  // A refusal tells nothing of the log; unreadable records leave its positions as they are.
  return code === errorCode.CORRUPT_MESSAGE
    ? { from: partition, records: [], errorCode: code }
    : { index: partition.index, errorCode: code }
}

function decideNow(call: Call, topic: FetchedTopic): { denial: Denial | undefined; decision: Decision; name: string } {
  const operation = onTopicOf('consume', { name: topic.topic, topicId: topic.topicId }, call.services.cluster.topics)
  const decision = operation.fixed ?? call.services.guard.decide(call.session, operation)
  const denial = isAllowed(decision) ? undefined : { operation, decision }
  return { denial, decision, name: operation.resource.slice('kafka:topic:'.length) }
}

function releasePartition(
  call: Call,
  ask: FetchAsk,
  topic: FetchedTopic,
  partition: FetchedPartition,
  { denial, decision, name }: ReturnType<typeof decideNow>,
  release: Release,
  frame: Buffer,
): void {
  const { guard, groups } = call.services
  if (denial !== undefined) {
    release.refused.set(partition, topicRefusalCode(denial))
    release.recorded = guard.recordRefusal(call.session, denial.operation, denial.decision)
    return
  }
  let delivered
  try {
    delivered = deliveredRuns(frame, partition.recordsStart, partition.recordsEnd)
  } catch (error) {
    if (!(error instanceof KafkaProtocolError)) throw error
    // Bytes whose offsets cannot be told cannot be recorded, so they do not leave.
    release.refused.set(partition, errorCode.CORRUPT_MESSAGE)
    return
  }
  if (!delivered.complete) blankPartialBatch(frame, delivered.end, partition.recordsEnd)
  if (delivered.records === 0) return
  const { principal, admission } = call.session
  const { durability, record } = decision.obligations
  release.isStrict ||= durability === 'strict'
  release.recorded = guard.record(
    call.session,
    {
      type: 'kafka.consume',
      sessionId: call.session.id,
      topic: name,
      topicId: topic.topicId,
      partition: partition.index,
      firstOffset: delivered.firstOffset,
      lastOffset: delivered.lastOffset,
      runs: delivered.runs,
      records: delivered.records,
      bytes: delivered.bytes,
      clientId: call.header.clientId ?? undefined,
      group: groups.group(principal, call.header.clientId, admission.peer.address),
      requestedOffset: requestedOffset(ask, topic, partition.index),
      producerId: undefined,
      producerEpoch: undefined,
      baseSequence: undefined,
      ruleId: decision.ruleId,
      policyRevision: decision.policyRevision,
      level: record,
    },
    durability,
  )
}

function requestedOffset(ask: FetchAsk, topic: FetchedTopic, partition: number): number | undefined {
  const offset = ask.wanted.get(topic.topic ?? '', topic.topicId ?? '', partition)?.partition.fetchOffset
  return offset === undefined ? undefined : Number(offset)
}

/** A session that the broker opened is kept; one too large for the limit is hidden (0), and the client goes on without. */
function keepSession(call: Call, ask: FetchAsk, walk: FetchResponseWalk): number {
  if (walk.errorCode !== errorCode.NONE) {
    if (ask.session !== undefined) call.fetchSessions.forget(ask.session.id)
    return walk.sessionId
  }
  if (ask.session !== undefined || walk.sessionId === 0) return walk.sessionId
  const { wanted: partitions, policyRevision } = ask
  return call.fetchSessions.keep({ id: walk.sessionId, partitions, policyRevision }) ? walk.sessionId : 0
}

/** The refused partitions as a broker would answer them: in every answer, as long as they are asked for. */
function refusedTopics(ask: FetchAsk): FetchTopicEdit[] {
  return asTopics(ask.wanted.refused()).map((topic) => {
    const [first] = topic.partitions
    const denial = first === undefined ? undefined : ask.wanted.get(topic.topic, topic.topicId, first.partition)?.denial
    const code = denial === undefined ? errorCode.NONE : topicRefusalCode(denial)
    return {
      topic: topic.topic === '' ? { topicId: topic.topicId } : { name: topic.topic },
      partitions: topic.partitions.map(({ partition }) => ({ index: partition, errorCode: code })),
    }
  })
}
