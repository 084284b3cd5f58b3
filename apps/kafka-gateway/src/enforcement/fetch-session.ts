/**
 * Fetch sessions (KIP-227): after a first full request a consumer names only what changed, and the broker answers only what has
 * news. The gateway keeps what each session holds, so that a refused partition can be kept from the broker while the client goes
 * on seeing its error, and comes back when the policy allows it.
 */
import type { RequestOf, fetch } from '@weir/kafka-protocol'
import type { Denial } from './enforcement.ts'

export type FetchRequest = RequestOf<typeof fetch>
export type FetchTopic = FetchRequest['topics'][number]
export type FetchPartition = FetchTopic['partitions'][number]

/** One partition of a session or request. `denial` set: it is not asked of the broker. */
export type Wanted = {
  readonly topic: string
  readonly topicId: string
  readonly partition: FetchPartition
  readonly denial: Denial | undefined
}

/** Partitions by topic and number; a topic is known by name up to v12 and by id from v13 on. */
export class WantedPartitions {
  readonly #wanted = new Map<string, Map<number, Wanted>>()
  /** Kept apart, because every answer has to name them, and a session may hold thousands that are not refused. */
  readonly #refused = new Set<Wanted>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(topic: string, topicId: string, partition: number): Wanted | undefined {
    return this.#wanted.get(topic === '' ? topicId : topic)?.get(partition)
  }

  set(wanted: Wanted): void {
    const key = wanted.topic === '' ? wanted.topicId : wanted.topic
    let partitions = this.#wanted.get(key)
    if (partitions === undefined) {
      partitions = new Map()
      this.#wanted.set(key, partitions)
    }
    const before = partitions.get(wanted.partition.partition)
    if (before === undefined) this.#size++
    else this.#refused.delete(before)
    partitions.set(wanted.partition.partition, wanted)
    if (wanted.denial !== undefined) this.#refused.add(wanted)
  }

  delete(topic: string, topicId: string, partition: number): void {
    const key = topic === '' ? topicId : topic
    const partitions = this.#wanted.get(key)
    const wanted = partitions?.get(partition)
    if (partitions === undefined || wanted === undefined) return
    partitions.delete(partition)
    this.#refused.delete(wanted)
    this.#size--
    if (partitions.size === 0) this.#wanted.delete(key)
  }

  /** Those that may not be read. */
  refused(): ReadonlySet<Wanted> {
    return this.#refused
  }

  *[Symbol.iterator](): Generator<Wanted> {
    for (const partitions of this.#wanted.values()) yield* partitions.values()
  }
}

export type FetchSession = {
  readonly id: number
  readonly partitions: WantedPartitions
  /** The policy revision that all decisions of this session were made under. */
  policyRevision: string
}

/** What is asked in one request: the whole of it, or a step of a session. */
export type FetchAsk = {
  readonly wanted: WantedPartitions
  readonly session: FetchSession | undefined
  /** The policy that decided it; a session goes on from there. */
  readonly policyRevision: string
}

/** The sessions of one client connection. A client that brings a session from elsewhere is told to start over (70). */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>()
  readonly #maxPartitions: number

  constructor(maxPartitions: number) {
    this.#maxPartitions = maxPartitions
  }

  get(id: number): FetchSession | undefined {
    return this.#sessions.get(id)
  }

  /** False when it would hold more than the limit: the client then goes on without a session. */
  keep(session: FetchSession): boolean {
    let held = session.partitions.size
    for (const other of this.#sessions.values()) if (other.id !== session.id) held += other.partitions.size
    if (held > this.#maxPartitions) return false
    this.#sessions.set(session.id, session)
    return true
  }

  forget(id: number): void {
    this.#sessions.delete(id)
  }
}

/** Regroups partitions by topic, as a request has them. */
export function asTopics(wanted: Iterable<Wanted>): FetchTopic[] {
  const topics = new Map<string, FetchTopic>()
  for (const { topic, topicId, partition } of wanted) {
    const key = topic === '' ? topicId : topic
    const found = topics.get(key)
    if (found === undefined) topics.set(key, { topic, topicId, partitions: [partition] })
    else found.partitions.push(partition)
  }
  return [...topics.values()]
}
