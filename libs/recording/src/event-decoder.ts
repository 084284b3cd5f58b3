import { recordLevels } from '@weir/contracts'
import type { EvidenceEvent, KafkaAccess, SequencedEvent, SessionStarted } from '@weir/contracts'
import { invalid } from './byte-reader.ts'
import type { ByteReader } from './byte-reader.ts'
import { present, tags } from './event-encoder.ts'

/** Who a session is, and when it began (Unix milliseconds). */
export type SessionIdentity = { readonly startedAtMs: number; readonly session: SessionStarted }

/** What one segment holds; it needs no other one to be understood. */
export type DecodedSegment = {
  readonly events: readonly SequencedEvent[]
  /** By session id: every session that the segment mentions, as far as it was live then. */
  readonly sessions: ReadonlyMap<string, SessionIdentity>
}

type JsonEvent = Exclude<EvidenceEvent, KafkaAccess>

/** Reads the records of one segment. Throws WEIR_SEGMENT_INVALID; what it does not know it refuses. */
export class EventDecoder {
  readonly #in: ByteReader
  readonly #strings: string[] = []
  readonly #events: SequencedEvent[] = []
  readonly #sessions = new Map<string, SessionIdentity>()
  #lastAtMs = 0
  #nextSeq: number

  constructor(records: ByteReader, firstSeq: number) {
    this.#in = records
    this.#nextSeq = firstSeq
  }

  decode(limit: number): DecodedSegment {
    while (!this.#in.atEnd) {
      this.#record()
      if (this.#events.length > limit) throw invalid(`it holds more than ${limit} events`)
    }
    return { events: this.#events, sessions: this.#sessions }
  }

  #record(): void {
    const tag = this.#in.byte()
    if (tag === tags.identity) {
      const startedAtMs = this.#in.signed()
      const session = parseEvent(this.#in.string())
      if (session.type !== 'session.start') throw invalid('an identity is not the start of a session')
      this.#sessions.set(session.sessionId, { startedAtMs, session })
      return
    }
    const atMs = this.#lastAtMs + this.#in.signed()
    if (!Number.isSafeInteger(atMs)) throw invalid('a time is out of range')
    this.#lastAtMs = atMs
    const event = this.#event(tag)
    if (event.type === 'session.start') this.#sessions.set(event.sessionId, { startedAtMs: atMs, session: event })
    this.#events.push({ seq: this.#nextSeq++, atMs, event })
  }

  #event(tag: number): EvidenceEvent {
    if (tag === tags['kafka.publish']) return this.#kafka('kafka.publish')
    if (tag === tags['kafka.consume']) return this.#kafka('kafka.consume')
    if (tag !== tags.json) throw invalid(`there is no record of kind ${tag}`)
    const sessionId = this.#reference()
    const event = parseEvent(this.#in.string())
    if (('sessionId' in event ? event.sessionId : undefined) !== sessionId) throw invalid('an event names two sessions')
    return event
  }

  #kafka(type: KafkaAccess['type']): KafkaAccess {
    const input = this.#in
    const bits = input.byte()
    if (bits >= 32) throw invalid('an event has fields that are not known')
    const sessionId = this.#required()
    const topic = this.#required()
    const topicId = this.#reference()
    const partition = input.signed()
    const firstOffset = input.signed()
    const lastOffset = sum(firstOffset, input.signed())
    const records = input.signed()
    const bytes = input.signed()
    const clientId = this.#reference()
    const group = this.#reference()
    const ruleId = this.#required()
    const policyRevision = this.#required()
    const level = recordLevels[input.byte()]
    if (level === undefined) throw invalid('a record level is not known')
    const optional = (bit: number) => ((bits & bit) === 0 ? undefined : input.signed())
    return {
      type,
      sessionId,
      topic,
      topicId,
      partition,
      firstOffset,
      lastOffset,
      requestedOffset: optional(present.requestedOffset),
      producerId: optional(present.producerId),
      producerEpoch: optional(present.producerEpoch),
      baseSequence: optional(present.baseSequence),
      runs: (bits & present.runs) === 0 ? undefined : this.#runs(),
      records,
      bytes,
      clientId,
      group,
      ruleId,
      policyRevision,
      level,
    }
  }

  #runs(): [number, number][] {
    const runs: [number, number][] = []
    let previous = 0
    for (let left = this.#in.varint(); left > 0; left--) {
      const first = sum(previous, this.#in.signed())
      const last = sum(first, this.#in.signed())
      runs.push([first, last])
      previous = last
    }
    return runs
  }

  #required(): string {
    const value = this.#reference()
    if (value === undefined) throw invalid('a name is missing')
    return value
  }

  #reference(): string | undefined {
    const number = this.#in.varint()
    if (number === 0) return undefined
    if (number <= this.#strings.length) return this.#strings[number - 1]
    if (number !== this.#strings.length + 1) throw invalid('a reference points at nothing')
    const value = this.#in.string()
    this.#strings.push(value)
    return value
  }
}

function sum(a: number, b: number): number {
  if (!Number.isSafeInteger(a + b)) throw invalid('a number is out of range')
  return a + b
}

type Kind = 'string' | 'number' | 'object' | 'array' | 'string?'

/** What each kind of event must have for its reader not to stumble; further fields are kept. */
const shapes: Record<JsonEvent['type'], Readonly<Record<string, Kind>>> = {
  'session.start': {
    sessionId: 'string',
    protocol: 'string',
    principal: 'object',
    peerAddress: 'string',
    peerPort: 'number',
    mechanism: 'string',
    clientId: 'string?',
    clientSoftware: 'string?',
  },
  'session.end': { sessionId: 'string', reason: 'string', totals: 'array' },
  'decision.deny': {
    sessionId: 'string',
    effect: 'string',
    action: 'string',
    resource: 'string',
    ruleId: 'string',
    policyRevision: 'string',
    reason: 'string',
  },
  operation: {
    sessionId: 'string',
    action: 'string',
    resource: 'string',
    ruleId: 'string',
    policyRevision: 'string',
    outcome: 'string',
    attributes: 'object',
  },
  'authentication.refused': {
    protocol: 'string',
    peerAddress: 'string',
    peerPort: 'number',
    mechanism: 'string',
    code: 'string',
    reason: 'string',
  },
}

const principalShape: Readonly<Record<string, Kind>> = {
  issuer: 'string',
  subject: 'string',
  displayName: 'string?',
  groups: 'array',
  clientId: 'string?',
  actors: 'array',
  method: 'string',
  credentialId: 'string',
  expiresAtMs: 'number',
}

function parseEvent(json: string): JsonEvent {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw invalid('an event is not JSON', error)
  }
  if (typeof value !== 'object' || value === null) throw invalid('an event is not an object')
  const type = (value as { type?: unknown }).type
  const shape = typeof type === 'string' && Object.hasOwn(shapes, type) ? shapes[type as JsonEvent['type']] : undefined
  if (shape === undefined) throw invalid('an event is of no known type')
  requireShape(value, shape, 'an event')
  const event = value as JsonEvent
  if (event.type === 'session.start') {
    requireShape(event.principal, principalShape, 'a principal')
  }
  return event
}

function requireShape(value: object, shape: Readonly<Record<string, Kind>>, what: string): void {
  for (const [field, kind] of Object.entries(shape)) {
    if (!isKind((value as Record<string, unknown>)[field], kind)) throw invalid(`${what} has no proper \`${field}\``)
  }
}

function isKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'number':
      return Number.isFinite(value)
    case 'string?':
      return value === undefined || typeof value === 'string'
    case 'string':
      return typeof value === 'string'
  }
}
