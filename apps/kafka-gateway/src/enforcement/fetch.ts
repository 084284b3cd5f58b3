/**
 * Fetch: READ on each topic, decided when it is asked and again when the records come (fetch-release.ts), since a fetch may wait
 * while the policy changes.
 */
import type { Decision } from '@weir/contracts'
import { decodeRequest, encodeRequest, encodeResponse, errorCode, fetch } from '@weir/kafka-protocol'
import { isAllowed, recordDenials } from './enforcement.ts'
import type { Call, Denial, Enforcement, Step } from './enforcement.ts'
import { releaseFetch } from './fetch-release.ts'
import { WantedPartitions, asTopics } from './fetch-session.ts'
import type { FetchAsk, FetchRequest, FetchSession, FetchTopic, Wanted } from './fetch-session.ts'
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
  const ask: FetchAsk = { wanted, session: undefined, policyRevision: call.services.guard.policyRevision }
  if (denials.length === 0) return forward(call, ask, undefined)
  return recordDenials(call, known(denials)).then(() => {
    const topics = request.topics.filter((topic) =>
      topic.partitions.every((p) => wanted.get(topic.topic, topic.topicId, p.partition)?.denial === undefined),
    )
    if (topics.length === 0) return refuseAll(call, asTopics(wanted), (topic) => topicCode(decideTopic(call, topic)))
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
      const before = session.partitions.get(topic.topic, topic.topicId, partition.partition)
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
  const ask: FetchAsk = { wanted: session.partitions, session, policyRevision: session.policyRevision }
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
  for (const before of session.partitions) {
    const wanted = { ...before, denial: decideTopic(call, before) }
    session.partitions.set(wanted)
    if (before.denial !== undefined && wanted.denial === undefined) granted.push(wanted)
    if (before.denial === undefined && wanted.denial !== undefined) {
      withdrawn.push(wanted)
      denials.push(wanted.denial)
    }
  }
  return { granted, withdrawn, denials }
}

function decideTopic(call: Call, topic: { readonly topic: string; readonly topicId: string }): Denial | undefined {
  const operation = onTopicOf('consume', { name: topic.topic, topicId: topic.topicId }, call.services.cluster.topics)
  const decision = operation.fixed ?? call.services.guard.decide(call.session, operation)
  return isAllowed(decision) ? undefined : { operation, decision }
}

function forward(call: Call, ask: FetchAsk, rewritten: FetchRequest | undefined): Step {
  const requests = rewritten === undefined ? undefined : [[encodeRequest(fetch, call.version, call.header, rewritten)]]
  return {
    kind: 'forward',
    ...(requests === undefined ? {} : { requests }),
    answer: ([frame]) => releaseFetch(call, ask, frame as Buffer),
  }
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
      abortedTransactions: [],
      preferredReadReplica: -1,
      records: Buffer.alloc(0),
    })),
  }
}

function topicCode(denial: Denial | undefined): number {
  return denial === undefined ? errorCode.NONE : topicRefusalCode(denial)
}

function known(denials: readonly Denial[]): Denial[] {
  return denials.filter((denial) => !isUnknownTopic(denial.decision))
}
