/** Kafka's resources and rights in Weir's words (docs/reference/actions.md). */
import { resource } from '@weir/contracts'
import type { Action, Decision, Operation } from '@weir/contracts'
import { errorCode } from '@weir/kafka-protocol'
import type { TopicNames } from '../upstream/topics.ts'

const plain: Readonly<Record<string, string>> = Object.freeze({})

/** READ, WRITE, DESCRIBE, … on a topic. */
export function onTopic(action: Action, name: string): Operation {
  return { action, resource: resource('kafka', 'topic', name), attributes: plain }
}

export function onGroup(action: Action, name: string, attributes = plain): Operation {
  return { action, resource: resource('kafka', 'group', name), attributes }
}

export function onTransactionalId(action: Action, name: string): Operation {
  return { action, resource: resource('kafka', 'transactional-id', name), attributes: plain }
}

/** The one cluster resource. */
export function onCluster(action: Action, attributes = plain): Operation {
  return { action, resource: resource('kafka', 'cluster', 'kafka-cluster'), attributes }
}

/** DESCRIBE_CONFIGS is its own right in Kafka: reading a topic does not give it. */
export const configsScope: Readonly<Record<string, string>> = Object.freeze({ scope: 'configs' })

/** Topics that the broker keeps its own state in: nobody writes to them through the gateway, whatever a rule says. */
export const internalTopics: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

/** An operation that needs no rule to be refused carries its refusal along. */
export type Described = Operation & { readonly fixed?: Decision }

/** CLUSTER_ACTION, which brokers use among themselves (following a log, share-state coordinators): refused to everybody. */
export function onlyForBrokers(): Described {
  return refused(onCluster('administer'), 'gateway.brokers-only', 'This request belongs to brokers among themselves.')
}

export function refused(operation: Operation, ruleId: string, reason: string): Described {
  const obligations = { mask: [], record: 'meta', durability: 'buffered' } as const
  return { ...operation, fixed: { effect: 'deny', ruleId, policyRevision: '', reason, obligations } }
}

const unknownTopicId = 'kafka.unknown-topic-id'
const invalidRequest = 'kafka.invalid-request'

/** What a broker refuses whoever asks, before it looks at any right. */
const faultCodes: Readonly<Record<string, number>> = {
  [unknownTopicId]: errorCode.UNKNOWN_TOPIC_ID,
  [invalidRequest]: errorCode.INVALID_REQUEST,
}

/** An element that cannot be asked like that, answered with 42. */
export function invalid(operation: Operation, reason: string): Described {
  return refused(operation, invalidRequest, reason)
}

/** The code of a refusal that no rule made, and that is no denial for the record; undefined when a rule made it. */
export function faultCode(decision: Decision): number | undefined {
  return faultCodes[decision.ruleId]
}

/** The names that stand more than once in a list. */
export function repeatedNames(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  return new Set(names.filter((name) => seen.size === seen.add(name).size))
}

/** A topic named or given by id. An id that nobody knows cannot be decided on, so it is refused as unknown, as a broker does. */
export function onTopicOf(
  action: Action,
  topic: { readonly name?: string | null | undefined; readonly topicId?: string | undefined },
  names: TopicNames,
): Described {
  if (topic.name !== undefined && topic.name !== null && topic.name !== '') return onTopic(action, topic.name)
  const topicId = topic.topicId ?? ''
  const name = names.name(topicId)
  if (name !== undefined) return onTopic(action, name)
  return refused(onTopic(action, ''), unknownTopicId, 'No topic has this id.')
}

export function isUnknownTopic(decision: Decision): boolean {
  return decision.ruleId === unknownTopicId
}

/** 100 for an id that nobody knows, 29 for a topic that may not be used. */
export function topicRefusalCode({ decision }: { readonly decision: Decision }): number {
  return isUnknownTopic(decision) ? errorCode.UNKNOWN_TOPIC_ID : errorCode.TOPIC_AUTHORIZATION_FAILED
}
