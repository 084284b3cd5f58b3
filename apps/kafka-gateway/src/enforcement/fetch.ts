/**
 * Fetch: READ on each topic, decided when it is asked and again when the records come, since a fetch may wait while the policy
 * changes. Records leave only after the offsets that they hold are on record; they stay where they are in the frame.
 */
import type { Decision, Recorded } from '@weir/contracts'
import {
  KafkaProtocolError,
  blankPartialBatch,
  decodeRequest,
  deliveredRuns,
  encodeRequest,
  encodeResponse,
  errorCode,
  fetch,
  walkFetchResponse,
  writeFetchResponse,
} from '@weir/kafka-protocol'
import type { FetchResponseWalk, FetchTopicEdit, FetchedPartition, FetchedTopic } from '@weir/kafka-protocol'
import { isAllowed, recordDenials, sizeBytes } from './enforcement.ts'
import type { Answer, Call, Denial, Enforcement, Step } from './enforcement.ts'
import { WantedPartitions, asTopics } from './fetch-session.ts'
import type { FetchRequest, FetchSession, FetchTopic, Wanted } from './fetch-session.ts'
import { isUnknownTopic, onTopicOf, onlyForBrokers, topicRefusalCode } from './operations.ts'

/** From here on topics are given by id. */
const topicIdVersion = 13
const consumerReplicaId = -1
/** Session epochs with a meaning of their own: 0 opens a session, -1 wants none. */
const firstSessionEpoch = 0

export const fetchEnforcement: Enforcement = {
  api: fetch,
  versions: [4, 18],
  handle(call) {
    const request = decodeRequest(fetch, call.version, call.frame.bytes, call.header.bodyOffset)
    if (call.version < topicIdVersion) return judge(call, request)
    const { cluster, clock } = call.services
    const ids = request.topics.map((topic) => topic.topicId)
    if (cluster.topics.unresolved(ids, clock.now()).length === 0) return judge(call, request)
    return cluster.resolveTopicIds(ids).then(() => judge(call, request))
  },
}

/** What is asked in one request: the whole of it, or a step of a session. */
type Ask = {
  readonly wanted: WantedPartitions
  readonly session: FetchSession | undefined
  /** Denials that this request brought up, for the record. */
  readonly denials: readonly Denial[]
}

function judge(call: Call, request: FetchRequest): Step | Promise<Step> {
  if (replicaIdOf(request, call.version) !== consumerReplicaId) return refuseReplica(call, request)
  return request.sessionEpoch > firstSessionEpoch ? judgeStep(call, request) : judgeWhole(call, request)
}

function replicaIdOf(request: FetchRequest, version: number): number {
  return version >= 15 ? request.replicaState.replicaId : request.replicaId
}

async function refuseReplica(call: Call, request: FetchRequest): Promise<Step> {
  const { fixed, ...operation } = onlyForBrokers()
  const denial = { operation, decision: fixed as Decision }
  await recordDenials(call, [denial])
  return refuseAll(call, request.topics, () => errorCode.TOPIC_AUTHORIZATION_FAILED)
}

/** A full request: it names all its partitions, and may open a session. */
function judgeWhole(call: Call, request: FetchRequest): Step | Promise<Step> {
  if (request.sessionId !== 0) call.fetchSessions.forget(request.sessionId)
  const wanted = new WantedPartitions()
  const denials: Denial[] = []
  for (const topic of request.topics) {
    const denial = decideTopic(call, topic)
    if (denial !== undefined) denials.push(denial)
    for (const partition of topic.partitions)
      wanted.set({ topic: topic.topic, topicId: topic.topicId, partition, denial })
  }
  const ask: Ask = { wanted, session: undefined, denials }
  if (denials.length === 0) return forward(call, ask, undefined)
  return recordDenials(call, known(denials)).then(() => {
    const topics = request.topics.filter((topic) =>
      topic.partitions.every((p) => lookUp(wanted, topic, p.partition)?.denial === undefined),
    )
    if (topics.length === 0) return refuseAll(call, request.topics, (topic) => topicCode(decideTopic(call, topic)))
    return forward(call, ask, { ...request, topics })
  })
}

/** A step of a session: only what changed is named. The broker counts the steps, so each one is passed on, if only empty. */
function judgeStep(call: Call, request: FetchRequest): Step | Promise<Step> {
  const session = call.fetchSessions.get(request.sessionId)
  if (session === undefined) {
    const body = { errorCode: errorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, responses: [] }
    return { kind: 'answer', bytes: [encodeResponse(fetch, call.version, call.header.correlationId, body)] }
  }
  const denials: Denial[] = []
  const asked: Wanted[] = []
  const withdrawnNow: Wanted[] = []
  let isAsItCame = true
  for (const topic of request.topics) {
    const denial = decideTopic(call, topic)
    if (denial !== undefined) {
      denials.push(denial)
      isAsItCame = false
    }
    for (const partition of topic.partitions) {
      const wanted = { topic: topic.topic, topicId: topic.topicId, partition, denial }
      const before = lookUp(session.partitions, topic, partition.partition)
      session.partitions.set(wanted)
      if (denial === undefined) asked.push(wanted)
      else if (before !== undefined && before.denial === undefined) withdrawnNow.push(wanted)
    }
  }
  for (const topic of request.forgottenTopicsData) {
    for (const partition of topic.partitions) session.partitions.delete(topic.topic, topic.topicId, partition)
  }
  const changed = reviewSession(call, session)
  denials.push(...changed.denials)
  const ask: Ask = { wanted: session.partitions, session, denials }
  if (isAsItCame && changed.granted.length === 0 && changed.withdrawn.length === 0) return forward(call, ask, undefined)
  const withdrawn = asTopics([...withdrawnNow, ...changed.withdrawn]).map((topic) => ({
    topic: topic.topic,
    topicId: topic.topicId,
    partitions: topic.partitions.map((p) => p.partition),
  }))
  const rewritten = {
    ...request,
    topics: asTopics(new Set([...asked, ...changed.granted])),
    forgottenTopicsData: [...request.forgottenTopicsData, ...withdrawn],
  }
  return recordDenials(call, known(denials)).then(() => forward(call, ask, rewritten))
}

/** After a change of policy the whole session is decided anew. */
function reviewSession(call: Call, session: FetchSession) {
  const granted: Wanted[] = []
  const withdrawn: Wanted[] = []
  const denials: Denial[] = []
  const revision = call.services.guard.policyRevision
  if (session.policyRevision === revision) return { granted, withdrawn, denials }
  session.policyRevision = revision
  for (const wanted of session.partitions) {
    const denial = decideTopic(call, wanted)
    if ((denial === undefined) !== (wanted.denial === undefined))
      (denial === undefined ? granted : withdrawn).push(wanted)
    if (denial !== undefined && wanted.denial === undefined) denials.push(denial)
    wanted.denial = denial
  }
  return { granted, withdrawn, denials }
}

function decideTopic(call: Call, topic: { readonly topic: string; readonly topicId: string }): Denial | undefined {
  const operation = onTopicOf('consume', { name: topic.topic, topicId: topic.topicId }, call.services.cluster.topics)
  const decision = operation.fixed ?? call.services.guard.decide(call.session, operation)
  return isAllowed(decision) ? undefined : { operation, decision }
}

function forward(call: Call, ask: Ask, rewritten: FetchRequest | undefined): Step {
  const requests = rewritten === undefined ? undefined : [[encodeRequest(fetch, call.version, call.header, rewritten)]]
  return {
    kind: 'forward',
    ...(requests === undefined ? {} : { requests }),
    answer: ([frame]) => answer(call, ask, frame as Buffer),
  }
}

/** What happens to the partitions of an answer: records stay, or an error takes their place. */
type Release = {
  readonly refused: Map<FetchedPartition, number>
  recorded: Recorded | undefined
  isStrict: boolean
}

async function answer(call: Call, ask: Ask, frame: Buffer): Promise<Answer> {
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
  const added = refusedTopics(ask)
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
  ask: Ask,
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

function requestedOffset(ask: Ask, topic: FetchedTopic, partition: number): number | undefined {
  const offset = ask.wanted.get(topic.topic ?? '', topic.topicId ?? '', partition)?.partition.fetchOffset
  return offset === undefined ? undefined : Number(offset)
}

/** A session that the broker opened is kept; one too large for the limit is hidden (0), and the client goes on without. */
function keepSession(call: Call, ask: Ask, walk: FetchResponseWalk): number {
  if (walk.errorCode !== errorCode.NONE) {
    if (ask.session !== undefined) call.fetchSessions.forget(ask.session.id)
    return walk.sessionId
  }
  if (ask.session !== undefined || walk.sessionId === 0) return walk.sessionId
  const policyRevision = call.services.guard.policyRevision
  return call.fetchSessions.keep({ id: walk.sessionId, partitions: ask.wanted, policyRevision }) ? walk.sessionId : 0
}

/** The refused partitions as a broker would answer them: in every answer, as long as they are asked for. */
function refusedTopics(ask: Ask): FetchTopicEdit[] {
  return asTopics(ask.wanted.refused()).map((topic) => {
    const code = topicCode(lookUp(ask.wanted, topic, topic.partitions[0]?.partition ?? 0)?.denial)
    return {
      topic: topic.topic === '' ? { topicId: topic.topicId } : { name: topic.topic },
      partitions: topic.partitions.map(({ partition }) => ({ index: partition, errorCode: code })),
    }
  })
}

function refuseAll(call: Call, topics: readonly FetchTopic[], codeOf: (topic: FetchTopic) => number): Step {
  const body = { sessionId: 0, responses: topics.map((topic) => refusedTopic(topic, codeOf(topic))) }
  return { kind: 'answer', bytes: [encodeResponse(fetch, call.version, call.header.correlationId, body)] }
}

function refusedTopic(topic: FetchTopic, code: number) {
  return {
    topic: topic.topic,
    topicId: topic.topicId,
    partitions: topic.partitions.map(({ partition }) => ({
      partitionIndex: partition,
      errorCode: code,
      highWatermark: -1n,
      lastStableOffset: -1n,
      logStartOffset: -1n,
      abortedTransactions: null,
      preferredReadReplica: -1,
      records: Buffer.alloc(0),
    })),
  }
}

function topicCode(denial: Denial | undefined): number {
  return denial === undefined ? errorCode.NONE : topicRefusalCode(denial)
}

function lookUp(wanted: WantedPartitions, topic: FetchTopic, partition: number): Wanted | undefined {
  return wanted.get(topic.topic, topic.topicId, partition)
}

function known(denials: readonly Denial[]): Denial[] {
  return denials.filter((denial) => !isUnknownTopic(denial.decision))
}
