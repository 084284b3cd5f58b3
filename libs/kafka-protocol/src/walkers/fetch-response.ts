import { structDecoder } from '../codec-decoding.ts'
import { protocolError, ValueFault } from '../codec-fault.ts'
import { isFlexible } from '../codec.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import type { ResponseOf, UnknownTag } from '../schema.ts'
import { fetch } from '../tables.ts'
import { MessageReader } from './message-reader.ts'

/** Where a leader named in the same response is reached (KIP-951). */
export type NodeEndpoint = ResponseOf<typeof fetch>['nodeEndpoints'][number]

/** All positions are offsets in the buffer that was walked; an end is the position after the last byte. */
export type FetchedPartition = {
  readonly index: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  /** -1 before version 5. */
  readonly logStartOffset: number
  /** How many are listed; null counts as none. */
  readonly abortedTransactions: number
  /** -1 before version 11. */
  readonly preferredReadReplica: number
  readonly start: number
  /** Where the length in front of the records stands. */
  readonly recordsLengthStart: number
  readonly recordsStart: number
  readonly recordsEnd: number
  readonly end: number
}

/** One topic of a Fetch response. Positions are those in the buffer that was walked. */
export type FetchedTopic = {
  /** Versions 4 to 12. */
  readonly topic: string | undefined
  /** Versions from 13, in Kafka's base64url form. */
  readonly topicId: string | undefined
  readonly start: number
  readonly partitionsStart: number
  readonly partitionsEnd: number
  readonly end: number
  readonly partitions: readonly FetchedPartition[]
}

/** What a Fetch response holds and where; records stay slices of the frame. */
export type FetchResponseWalk = {
  readonly version: number
  readonly correlationId: number
  readonly throttleTimeMs: number
  /** 0 before version 7, like `sessionId`. */
  readonly errorCode: number
  readonly sessionId: number
  readonly topicsStart: number
  readonly topicsEnd: number
  readonly end: number
  readonly topics: readonly FetchedTopic[]
  /** From version 16; empty unless the response names leaders. Addresses of the cluster, to be rewritten. */
  readonly nodeEndpoints: readonly NodeEndpoint[]
  readonly unknownTags: readonly UnknownTag[]
}

/**
 * Walks a Fetch response of any version that has a table, without touching the records. `offset` is where the response header
 * begins: 4 in a frame with its size prefix. The body must fill the rest of the buffer. Throws KafkaProtocolError.
 */
export function walkFetchResponse(buffer: Buffer, offset: number, version: number): FetchResponseWalk {
  const [min, max] = fetch.versions
  if (version < min || version > max) {
    throw new KafkaProtocolError('unsupported-version', `Fetch has no table for version ${version}`)
  }
  try {
    const reader = new MessageReader(buffer, offset, isFlexible(fetch, version))
    const correlationId = reader.int32()
    reader.skipTags()
    const throttleTimeMs = reader.int32()
    const errorCode = version >= 7 ? reader.int16() : 0
    const sessionId = version >= 7 ? reader.int32() : 0
    const topicsStart = reader.offset
    const topics = walkTopics(reader, version)
    const topicsEnd = reader.offset
    const { nodeEndpoints, unknownTags } = reader.flexible ? walkLastTags(reader, version) : noTags
    if (reader.remaining > 0) throw new ValueFault('malformed', `${reader.remaining} bytes after the body`)
    const head = { version, correlationId, throttleTimeMs, errorCode, sessionId }
    return { ...head, topicsStart, topicsEnd, end: reader.offset, topics, nodeEndpoints, unknownTags }
  } catch (error) {
    throw protocolError('FetchResponse', error)
  }
}

/** The table of what follows the topics: tagged fields only. */
export const lastFields = { nodeEndpoints: fetch.response.nodeEndpoints }
const noTags: { nodeEndpoints: NodeEndpoint[]; unknownTags: UnknownTag[] } = { nodeEndpoints: [], unknownTags: [] }

function walkLastTags(reader: MessageReader, version: number): typeof noTags {
  if (reader.remaining === 1 && reader.buffer[reader.offset] === 0) {
    // No tags at all, as in nearly every response.
    reader.take(1)
    return noTags
  }
  const { nodeEndpoints, unknownTags } = structDecoder(lastFields, { version, flexible: true })(reader)
  return { nodeEndpoints: nodeEndpoints as NodeEndpoint[], unknownTags: unknownTags ?? [] }
}

function walkTopics(reader: MessageReader, version: number): FetchedTopic[] {
  const byId = version >= 13
  const topics: FetchedTopic[] = []
  for (let left = reader.count(byId ? 18 : 3); left > 0; left -= 1) {
    const start = reader.offset
    const topic = byId ? undefined : reader.string()
    const topicId = byId ? reader.uuid() : undefined
    const partitionsStart = reader.offset
    const partitions: FetchedPartition[] = []
    for (let more = reader.count(28); more > 0; more -= 1) partitions.push(walkPartition(reader, version))
    const partitionsEnd = reader.offset
    reader.skipTags()
    topics.push({ topic, topicId, start, partitionsStart, partitionsEnd, end: reader.offset, partitions })
  }
  return topics
}

function walkPartition(reader: MessageReader, version: number): FetchedPartition {
  const start = reader.offset
  const index = reader.int32()
  const errorCode = reader.int16()
  const highWatermark = reader.safeInt64()
  const lastStableOffset = reader.safeInt64()
  const logStartOffset = version >= 5 ? reader.safeInt64() : -1
  const abortedTransactions = Math.max(0, reader.nullableCount(16))
  for (let left = abortedTransactions; left > 0; left -= 1) {
    reader.take(16)
    reader.skipTags()
  }
  const preferredReadReplica = version >= 11 ? reader.int32() : -1
  const recordsLengthStart = reader.offset
  const recordsStart = reader.skipBytes()
  const recordsEnd = reader.offset
  reader.skipTags()
  return {
    index,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions,
    preferredReadReplica,
    start,
    recordsLengthStart,
    recordsStart,
    recordsEnd,
    end: reader.offset,
  }
}
