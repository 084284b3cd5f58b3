/**
 * Evidence: the append-only events of sessions. One event per record batch range and partition, never one per message.
 * Events are produced by gateways, encoded by @weir/recording, and stored whole by the control plane.
 */
import type { Action, Durability, Principal, Protocol, RecordLevel, Resource } from './words.ts'

/** The first event of a session: the verified identity, once. All other events point at it by `sessionId`. Never a credential. */
export type SessionStarted = {
  readonly type: 'session.start'
  readonly sessionId: string
  readonly protocol: Protocol
  readonly principal: Principal
  readonly peerAddress: string
  readonly peerPort: number
  readonly mechanism: string
  readonly clientId: string | undefined
  readonly clientSoftware: string | undefined
}

/** What one session did in one direction on one partition, in sum. */
export type AccessTotals = {
  readonly resource: Resource
  readonly partition: number
  readonly action: 'publish' | 'consume'
  /** Events, records and bytes of this session on this partition: what is missing from the record becomes computable. */
  readonly events: number
  readonly records: number
  readonly bytes: number
  readonly firstPosition: number
  readonly lastPosition: number
}

/** The last event of a session. */
export type SessionEnded = {
  readonly type: 'session.end'
  readonly sessionId: string
  /** `client`, `expired`, `refused`, `drained`, `revoked`, `upstream`, `protocol-error`, `limit`, `abandoned` (closed by another process). */
  readonly reason: string
  readonly totals: readonly AccessTotals[]
}

/** A refusal, or a hold that was not granted. */
export type Denied = {
  readonly type: 'decision.deny'
  readonly sessionId: string
  readonly effect: 'deny' | 'hold'
  readonly action: Action
  readonly resource: Resource
  readonly ruleId: string
  readonly policyRevision: string
  readonly reason: string
}

/** A change or look that is neither publish nor consume (create a topic, join a group, …), with its upstream outcome. */
export type OperationDone = {
  readonly type: 'operation'
  readonly sessionId: string
  readonly action: Action
  readonly resource: Resource
  readonly ruleId: string
  readonly policyRevision: string
  /** `ok`, `unknown` (the connection broke before the answer), or the protocol's own error name. */
  readonly outcome: string
  readonly attributes: Readonly<Record<string, string>>
}

/** An identity that did not prove itself: there is no session yet. */
export type AuthenticationRefused = {
  readonly type: 'authentication.refused'
  readonly protocol: Protocol
  readonly peerAddress: string
  readonly peerPort: number
  readonly mechanism: string
  readonly code: string
  readonly reason: string
}

/**
 * Records appended to, or released from, one Kafka partition.
 * `firstOffset`..`lastOffset` inclusive. When the log has holes (compaction, control records) `runs` lists exactly the offsets
 * that are there, as inclusive pairs in rising order; absent means every offset of the range.
 * Offsets are safe integers: 2^53 records in one partition are out of reach, and a batch that claims more is refused.
 */
export type KafkaAccess = {
  readonly type: 'kafka.publish' | 'kafka.consume'
  readonly sessionId: string
  readonly topic: string
  /** UUID in Kafka's base64url form; undefined when the broker has not told. */
  readonly topicId: string | undefined
  readonly partition: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly runs: readonly (readonly [number, number])[] | undefined
  readonly records: number
  readonly bytes: number
  readonly clientId: string | undefined
  /** Consume: the group this client was last seen in (Fetch itself names none); publish: undefined. */
  readonly group: string | undefined
  /** Consume: the offset asked for; records of the first batch below it were on the wire all the same. */
  readonly requestedOffset: number | undefined
  /** Publish by an idempotent producer: with (epoch, sequence) what tells a broker-recognised duplicate. */
  readonly producerId: number | undefined
  readonly producerEpoch: number | undefined
  readonly baseSequence: number | undefined
  readonly ruleId: string
  readonly policyRevision: string
  readonly level: RecordLevel
}

/** Anything that stands on record; `type` tells which. */
export type EvidenceEvent = SessionStarted | SessionEnded | Denied | OperationDone | AuthenticationRefused | KafkaAccess

/** An event with its place in the record: gapless `seq` per (gateway, epoch), wall clock in Unix milliseconds. */
export type SequencedEvent = { readonly seq: number; readonly atMs: number; readonly event: EvidenceEvent }

/**
 * `written`: the event is in the operating system's hands (survives a crash of the process); nothing is released before it.
 * `durable`: it is on disk (survives power loss); awaited before release where durability is `strict`.
 * Either rejects with WEIR_EVIDENCE_UNRECORDABLE when the record cannot be kept: then nothing may be released.
 */
export type Recorded = { readonly written: Promise<void>; readonly durable: Promise<void> }

/** What a gateway writes evidence to. `append` is synchronous and cheap; the promises are shared by all appends of one group commit. */
export interface Recorder {
  append(event: EvidenceEvent, durability: Durability): Recorded
}

/**
 * Header of a sealed segment, signed by the gateway installation's Ed25519 key over its RFC 8785 form.
 * At most 1,000 events or 1 s. `previousSha256` is the SHA-256 of the previous header of the same epoch, or 64 zeros for the first.
 */
export type SegmentHeader = {
  readonly version: 1
  readonly gatewayId: string
  readonly epoch: string
  readonly firstSeq: number
  readonly lastSeq: number
  readonly firstAtMs: number
  readonly lastAtMs: number
  readonly events: number
  /** Hex SHA-256 of the body as it travels (zstd). */
  readonly sha256: string
  readonly previousSha256: string
}

/** A segment as it travels and is stored: never changed after it was signed. */
export type SealedSegment = {
  readonly header: SegmentHeader
  /** Ed25519 over the canonical header, base64url. */
  readonly signature: string
  readonly body: Uint8Array
}
