/**
 * Metadata: names that may not be described answer 29, whether they exist or not; a request for all leaves them out; an id that
 * may not be described answers 29 without its name. Missing topics are created only for principals who may plainly create them.
 */
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, errorCode, metadata } from '@weir/kafka-protocol'
import type { RequestOf, ResponseOf } from '@weir/kafka-protocol'
import { zeroTopicId } from '../upstream/topics.ts'
import { clusterOperations, operationsOmitted, topicOperations } from './authorized-operations.ts'
import { isAllowed, recordDenials, sizeBytes } from './enforcement.ts'
import type { Answer, Bytes, Call, Denial, Enforcement, Step } from './enforcement.ts'
import { onTopic } from './operations.ts'

type Request = RequestOf<typeof metadata>
type Response = ResponseOf<typeof metadata>
type Topic = Response['topics'][number]

/** The first version with a switch for automatic creation: older requests always ask for it, so they go on as this one. */
const creationSwitchVersion = 4
/** From here on topics may be given by id. */
const topicIdVersion = 12

export const metadataEnforcement: Enforcement = {
  api: metadata,
  versions: [0, 13],
  handle(call): Step | Promise<Step> {
    const { request: received, isExact } = readRequest(call)
    const givesIds = received.topics?.some((topic) => topic.topicId !== zeroTopicId) ?? false
    if (givesIds && call.version < topicIdVersion) return refuseIds(received, call)
    const request = givesIds ? byIdOnly(received) : received
    const plan = isForAll(request, call.version) ? planForAll(request, call, isExact) : planForSome(request, call)
    const step: Step = {
      kind: 'forward',
      ...(plan.requests === undefined ? {} : { requests: plan.requests }),
      answer: (frames) => answer(call, request, plan, frames),
    }
    return plan.denied.length === 0 ? step : recordDenials(call, plan.denied).then(() => step)
  },
}

/** Versions 10 and 11 have a place for ids, and a broker that refuses them. */
function refuseIds(request: Request, call: Call): Step {
  const topics = (request.topics ?? []).map(({ name, topicId }) => ({
    ...refusedByName(name),
    topicId,
    errorCode: errorCode.INVALID_REQUEST,
  }))
  const body = { brokers: [], topics }
  return { kind: 'answer', bytes: [encodeResponse(metadata, call.version, call.header.correlationId, body)] }
}

/** Where one topic is given by id, the broker looks at ids alone, and leaves names aside. */
function byIdOnly(request: Request): Request {
  const topics = (request.topics ?? []).filter((topic) => topic.topicId !== zeroTopicId)
  return { ...request, topics: topics.map(({ topicId }) => ({ topicId, name: null })) }
}

type Plan = {
  /** Absent: the bytes as they came. */
  readonly requests?: readonly Bytes[]
  readonly upstreamVersion: number
  readonly denied: readonly Denial[]
}

/**
 * librdkafka (seen in 2.16) writes a request for all topics a few bytes too long in flexible versions, and a broker does not look
 * behind the body. That request alone is put up with, and goes on as it was understood, without what came after it.
 */
function readRequest(call: Call): { request: Request; isExact: boolean } {
  const { version, frame, header } = call
  try {
    return { request: decodeRequest(metadata, version, frame.bytes, header.bodyOffset), isExact: true }
  } catch (error) {
    const request = decodeRequest(metadata, version, frame.bytes, header.bodyOffset, 'ignored')
    if (!isForAll(request, version)) throw error
    return { request, isExact: false }
  }
}

/** Null, or empty in v0, asks for all topics. */
function isForAll(request: Request, version: number): boolean {
  return request.topics === null || (version === 0 && request.topics.length === 0)
}

function planForAll(request: Request, call: Call, isExact: boolean): Plan {
  if (isExact && call.version >= creationSwitchVersion) return { upstreamVersion: call.version, denied: [] }
  const upstreamVersion = Math.max(call.version, creationSwitchVersion)
  return { requests: [ask(request, call, upstreamVersion, null, false)], upstreamVersion, denied: [] }
}

function planForSome(request: Request, call: Call): Plan {
  const { guard } = call.services
  const denied: Denial[] = []
  const creatable: Request['topics'] = []
  const others: Request['topics'] = []
  const wantsCreation = call.version < creationSwitchVersion || request.allowAutoTopicCreation
  const seen = new Set<string>()
  for (const topic of request.topics ?? []) {
    if (topic.name === null) {
      others.push(topic)
      continue
    }
    if (seen.has(topic.name)) continue
    seen.add(topic.name)
    const operation = onTopic('describe', topic.name)
    const decision = guard.decide(call.session, operation)
    if (!isAllowed(decision)) denied.push({ operation, decision })
    else if (wantsCreation && isAllowed(guard.decide(call.session, onTopic('create', topic.name))))
      creatable.push(topic)
    else others.push(topic)
  }
  const upstreamVersion = Math.max(call.version, creationSwitchVersion)
  const isAsItCame = upstreamVersion === call.version && denied.length === 0 && (!wantsCreation || others.length === 0)
  if (isAsItCame) return { upstreamVersion, denied }
  const requests: Bytes[] = []
  if (creatable.length > 0) requests.push(ask(request, call, upstreamVersion, creatable, true))
  // Also when nothing is left to ask: the answer carries the brokers.
  if (others.length > 0 || requests.length === 0) requests.push(ask(request, call, upstreamVersion, others, false))
  return { requests, upstreamVersion, denied }
}

function ask(
  request: Request,
  call: Call,
  version: number,
  topics: Request['topics'],
  allowAutoTopicCreation: boolean,
): Bytes {
  return [encodeRequest(metadata, version, call.header, { ...request, topics, allowAutoTopicCreation })]
}

async function answer(call: Call, request: Request, plan: Plan, frames: readonly Buffer[]): Promise<Answer> {
  const { cluster, addresses } = call.services
  const responses = frames.map((frame) => decodeResponse(metadata, plan.upstreamVersion, frame, sizeBytes).body)
  const first = responses[0] as Response
  const topics = responses.flatMap((response) => response.topics)
  for (const topic of topics) if (topic.name !== null) cluster.topics.learn(topic.topicId, topic.name)
  await cluster.learnBrokers(first.brokers)
  const visible = topics.flatMap((topic) => show(call, request, topic) ?? [])
  const refused = plan.denied.map(({ operation }) => refusedByName(operation.resource.slice('kafka:topic:'.length)))
  const body = {
    ...first,
    throttleTimeMs: Math.max(...responses.map((r) => r.throttleTimeMs)),
    brokers: first.brokers.map((broker) => addresses.rewrite(broker)),
    topics: inOrder(request, call.version, [...visible, ...refused]),
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? clusterOperations(call)
      : operationsOmitted,
  }
  return { kind: 'replace', bytes: [encodeResponse(metadata, call.version, call.header.correlationId, body)] }
}

/** A topic as the principal may see it; undefined: left out. */
function show(call: Call, request: Request, topic: Topic): Topic | undefined {
  const topicAuthorizedOperations = () =>
    request.includeTopicAuthorizedOperations && topic.name !== null
      ? topicOperations(call, topic.name)
      : operationsOmitted
  if (topic.name === null) return { ...topic, topicAuthorizedOperations: operationsOmitted }
  if (isAllowed(call.services.guard.decide(call.session, onTopic('describe', topic.name)))) {
    return { ...topic, topicAuthorizedOperations: topicAuthorizedOperations() }
  }
  if (isForAll(request, call.version)) return undefined
  const byId = request.topics?.some((asked) => asked.name === null && asked.topicId === topic.topicId) ?? false
  return byId ? { ...refusedByName(null), topicId: topic.topicId } : refusedByName(topic.name)
}

function refusedByName(name: string | null): Topic {
  return {
    errorCode: errorCode.TOPIC_AUTHORIZATION_FAILED,
    name,
    topicId: zeroTopicId,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: operationsOmitted,
  }
}

/** In the order of the request; for all topics, in the order of the broker. */
function inOrder(request: Request, version: number, topics: readonly Topic[]): Topic[] {
  if (isForAll(request, version)) return [...topics]
  const position = new Map(request.topics?.map((topic, index) => [topic.name ?? topic.topicId, index]))
  const at = (topic: Topic) => position.get(topic.name ?? '') ?? position.get(topic.topicId) ?? position.size
  return topics.toSorted((a, b) => at(a) - at(b))
}
