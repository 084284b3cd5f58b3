import { recordLevels } from '@weir/contracts'
import type { EvidenceEvent, KafkaAccess } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { ByteWriter } from './byte-writer.ts'

/**
 * Records of a segment, one after another. Every string that repeats (session, topic, rule, …) stands in a dictionary of its segment:
 * a reference is a varint, 0 for undefined, and the first use of a number is followed by the string itself.
 *
 *   identity        tag, started at (signed), JSON of the session.start: repeated in every later segment that mentions the session
 *   json            tag, time delta (signed), session reference, JSON of the event
 *   kafka.publish   tag, time delta (signed), presence bits, fields in the order below
 *   kafka.consume   likewise
 */
export const tags = { identity: 1, json: 2, 'kafka.publish': 3, 'kafka.consume': 4 } as const

export const present = { runs: 1, requestedOffset: 2, producerId: 4, producerEpoch: 8, baseSequence: 16 } as const

/** One event may not be larger than this: a segment is decoded in memory. */
export const eventLimitBytes = 8 * 1024 * 1024

const slabBytes = 64 * 1024

/** Tag, presence bits, level, and 19 numbers of at most 9 bytes. */
const kafkaFixedBytes = 3 + 19 * 9

/** Encodes events of one segment at a time; knows the identities of live sessions, so that each segment can name its people. */
export class EventEncoder {
  readonly out = new ByteWriter(slabBytes)
  readonly #numbers = new Map<string, number>()
  readonly #strings: string[] = []
  /** Encoded identity records of sessions that have started and not ended. */
  readonly #identities = new Map<string, Buffer>()
  #lastAtMs = 0

  /** From here on a new segment: nothing refers to what was before. */
  beginSegment(): void {
    this.#numbers.clear()
    this.#strings.length = 0
    this.#lastAtMs = 0
  }

  /** Appends one event. When it throws, what was written for it is undone. */
  add(event: EvidenceEvent, atMs: number): void {
    const { length } = this.out
    const strings = this.#strings.length
    try {
      if (isKafkaAccess(event)) this.#addKafka(event, atMs)
      else this.#addJson(event, atMs)
      this.#lastAtMs = atMs
    } catch (error) {
      this.out.length = length
      while (this.#strings.length > strings) this.#numbers.delete(this.#strings.pop()!)
      throw error
    }
  }

  /** The session is over, or its start could not be recorded: later segments will not name it. */
  forget(sessionId: string): void {
    this.#identities.delete(sessionId)
  }

  /** A burst or a giant event leaves no giant slab behind. */
  shrink(limitBytes: number): void {
    this.out.length = 0
    if (this.out.bytes.length > limitBytes) this.out.bytes = Buffer.allocUnsafeSlow(slabBytes)
  }

  #addKafka(event: KafkaAccess, atMs: number): void {
    this.#mention(event.sessionId)
    const { out } = this
    out.reserve(kafkaFixedBytes)
    out.byte(tags[event.type])
    out.signed(atMs - this.#lastAtMs)
    out.byte(
      (event.runs === undefined ? 0 : present.runs) |
        (event.requestedOffset === undefined ? 0 : present.requestedOffset) |
        (event.producerId === undefined ? 0 : present.producerId) |
        (event.producerEpoch === undefined ? 0 : present.producerEpoch) |
        (event.baseSequence === undefined ? 0 : present.baseSequence),
    )
    this.#reference(event.sessionId)
    this.#reference(event.topic)
    this.#reference(event.topicId)
    out.signed(event.partition)
    out.signed(event.firstOffset)
    out.signed(event.lastOffset - event.firstOffset)
    out.signed(event.records)
    out.signed(event.bytes)
    this.#reference(event.clientId)
    this.#reference(event.group)
    this.#reference(event.ruleId)
    this.#reference(event.policyRevision)
    out.byte(levelNumber(event))
    if (event.requestedOffset !== undefined) out.signed(event.requestedOffset)
    if (event.producerId !== undefined) out.signed(event.producerId)
    if (event.producerEpoch !== undefined) out.signed(event.producerEpoch)
    if (event.baseSequence !== undefined) out.signed(event.baseSequence)
    if (event.runs !== undefined) this.#addRuns(event.runs)
  }

  #addRuns(runs: readonly (readonly [number, number])[]): void {
    const { out } = this
    if (runs.length * 18 > eventLimitBytes) throw tooLarge()
    out.reserve(9 + runs.length * 18)
    out.varint(runs.length)
    let previous = 0
    for (const [first, last] of runs) {
      out.signed(first - previous)
      out.signed(last - first)
      previous = last
    }
  }

  #addJson(event: Exclude<EvidenceEvent, KafkaAccess>, atMs: number): void {
    const { out } = this
    const json = JSON.stringify(event)
    if (json.length * 3 > eventLimitBytes && Buffer.byteLength(json) > eventLimitBytes) throw tooLarge()
    const sessionId = 'sessionId' in event ? event.sessionId : undefined
    if (sessionId !== undefined && event.type !== 'session.start') this.#mention(sessionId)
    out.reserve(32)
    out.byte(tags.json)
    out.signed(atMs - this.#lastAtMs)
    this.#reference(sessionId)
    out.string(json)
    if (event.type === 'session.start') this.#identities.set(event.sessionId, identityRecord(json, atMs))
    if (event.type === 'session.end') this.#identities.delete(event.sessionId)
  }

  /** The first mention of a session that began in an earlier segment repeats its identity. */
  #mention(sessionId: string): void {
    if (this.#numbers.has(sessionId)) return
    const identity = this.#identities.get(sessionId)
    if (identity === undefined) return
    this.out.reserve(identity.length)
    this.out.bytes.set(identity, this.out.length)
    this.out.length += identity.length
  }

  #reference(value: string | undefined): void {
    const { out } = this
    if (value === undefined) {
      out.byte(0)
      return
    }
    const number = this.#numbers.get(value)
    if (number !== undefined) {
      out.varint(number)
      return
    }
    if (value.length > eventLimitBytes / 16) throw tooLarge()
    this.#strings.push(value)
    this.#numbers.set(value, this.#strings.length)
    out.varint(this.#strings.length)
    out.string(value)
    out.reserve(kafkaFixedBytes)
  }
}

function isKafkaAccess(event: EvidenceEvent): event is KafkaAccess {
  return event.type === 'kafka.publish' || event.type === 'kafka.consume'
}

function identityRecord(json: string, startedAtMs: number): Buffer {
  const writer = new ByteWriter(32)
  writer.byte(tags.identity)
  writer.signed(startedAtMs)
  writer.string(json)
  return Buffer.from(writer.bytes.subarray(0, writer.length))
}

function levelNumber(event: KafkaAccess): number {
  const number = recordLevels.indexOf(event.level)
  if (number < 0) throw new RangeError(`unknown record level ${event.level}`)
  return number
}

function tooLarge(): WeirError {
  return new WeirError(
    'WEIR_EVIDENCE_UNRECORDABLE',
    `An evidence event is larger than ${eventLimitBytes} bytes and cannot be recorded.`,
  )
}
