import { protocolError, ValueFault } from '../codec-fault.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import { newBatchHeader, readBatchHeader } from '../records/batch-header.ts'
import { isFlexible } from '../codec.ts'
import { produce } from '../tables.ts'
import { MessageReader } from './message-reader.ts'
import { SplicedFrame } from './spliced-frame.ts'

const firstVersionWithTopicIds = 13

/** The header of the one record batch of a partition entry. */
export type ProducedBatch = {
  /** How many batches there are; brokers accept exactly one, and the other fields describe the first. */
  readonly batches: number
  readonly magic: number
  readonly baseOffset: number
  readonly lastOffsetDelta: number
  readonly count: number
  /** Length of the records on the wire. */
  readonly bytes: number
  readonly transactional: boolean
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** All positions are offsets in the buffer that was walked; an end is the position after the last byte. */
export type ProducedPartition = {
  readonly index: number
  readonly start: number
  readonly end: number
  readonly recordsStart: number
  readonly recordsEnd: number
  /** Undefined unless the records are whole batches of magic 2 with consistent headers: brokers refuse everything else. */
  readonly batch: ProducedBatch | undefined
}

/** One topic of a Produce request. Positions are those in the buffer that was walked. */
export type ProducedTopic = {
  /** Versions 3 to 12. */
  readonly name: string | undefined
  /** Versions from 13, in Kafka's base64url form. */
  readonly topicId: string | undefined
  readonly start: number
  readonly partitionsStart: number
  readonly partitionsEnd: number
  readonly end: number
  readonly partitions: readonly ProducedPartition[]
}

/** What a Produce request holds and where; records stay slices of the frame. */
export type ProduceRequestWalk = {
  readonly version: number
  readonly transactionalId: string | null
  readonly acks: number
  /** Where acks stands (int16): 0 may be patched to 1 in place, so that the broker answers with offsets. */
  readonly acksPosition: number
  readonly timeoutMs: number
  readonly topicsStart: number
  readonly topicsEnd: number
  readonly topics: readonly ProducedTopic[]
}

/**
 * Walks the body of a Produce request of any version that has a table, without touching the records. The body must fill the rest of
 * the buffer. Throws KafkaProtocolError; also for a topic or partition that is named twice, because a broker takes the last one
 * and a reader of the first would decide about, and record, something else.
 */
export function walkProduceRequest(buffer: Buffer, bodyOffset: number, version: number): ProduceRequestWalk {
  const [min, max] = produce.versions
  if (version < min || version > max) {
    throw new KafkaProtocolError('unsupported-version', `Produce has no table for version ${version}`)
  }
  try {
    const reader = new MessageReader(buffer, bodyOffset, isFlexible(produce, version))
    const transactionalId = reader.nullableString()
    const acksPosition = reader.offset
    const acks = reader.int16()
    const timeoutMs = reader.int32()
    const topicsStart = reader.offset
    const topics = walkTopics(reader, version)
    const topicsEnd = reader.offset
    reader.skipTags()
    if (reader.remaining > 0) throw new ValueFault('malformed', `${reader.remaining} bytes after the body`)
    return { version, transactionalId, acks, acksPosition, timeoutMs, topicsStart, topicsEnd, topics }
  } catch (error) {
    throw protocolError('ProduceRequest', error)
  }
}

function walkTopics(reader: MessageReader, version: number): ProducedTopic[] {
  const byId = version >= firstVersionWithTopicIds
  const count = reader.count(byId ? 18 : 3)
  const topics: ProducedTopic[] = []
  const seen = new Set<string>()
  for (let left = count; left > 0; left -= 1) {
    const start = reader.offset
    const topic = byId ? reader.uuid() : reader.string()
    if (seen.has(topic)) throw new ValueFault('malformed', 'a topic is named twice')
    seen.add(topic)
    const partitionsStart = reader.offset
    const partitions = walkPartitions(reader)
    const partitionsEnd = reader.offset
    reader.skipTags()
    const [name, topicId] = byId ? [undefined, topic] : [topic, undefined]
    topics.push({ name, topicId, start, partitionsStart, partitionsEnd, end: reader.offset, partitions })
  }
  return topics
}

function walkPartitions(reader: MessageReader): ProducedPartition[] {
  const partitions: ProducedPartition[] = []
  const seen = new Set<number>()
  for (let left = reader.count(6); left > 0; left -= 1) {
    const start = reader.offset
    const index = reader.int32()
    if (seen.has(index)) throw new ValueFault('malformed', 'a partition is named twice')
    seen.add(index)
    const recordsStart = reader.skipBytes()
    const recordsEnd = reader.offset
    reader.skipTags()
    const batch = summarise(reader.buffer, recordsStart, recordsEnd)
    partitions.push({ index, start, end: reader.offset, recordsStart, recordsEnd, batch })
  }
  return partitions
}

const first = newBatchHeader()
const further = newBatchHeader()

/** A wrong batch is a matter of its partition, not of the connection, so it is no error here. */
function summarise(buffer: Buffer, start: number, end: number): ProducedBatch | undefined {
  try {
    if (!readBatchHeader(buffer, start, first, end) || first.legacy) return undefined
    let batches = 1
    for (let at = first.end; at < end; at = further.end) {
      if (!readBatchHeader(buffer, at, further, end) || further.legacy) return undefined
      batches += 1
    }
    return {
      batches,
      magic: first.magic,
      baseOffset: first.baseOffset,
      lastOffsetDelta: first.lastOffset - first.baseOffset,
      count: first.count,
      bytes: end - start,
      transactional: first.transactional,
      producerId: first.producerId,
      producerEpoch: first.producerEpoch,
      baseSequence: first.baseSequence,
    }
  } catch (error) {
    if (error instanceof KafkaProtocolError) return undefined
    throw error
  }
}

/**
 * The same request with only those partitions for which `keep` says true; a topic without any left is dropped.
 * `frame` is the whole frame that was walked, its size in the first four bytes. Returns buffers for one vectored write, records as
 * slices of `frame`, or undefined when nothing is left. The frame must stay unreleased until they are written.
 */
export function filterProduceRequest(
  frame: Buffer,
  walk: ProduceRequestWalk,
  keep: (partition: ProducedPartition, topic: ProducedTopic) => boolean,
): Buffer[] | undefined {
  const kept = walk.topics
    .map((topic) => ({ topic, partitions: topic.partitions.filter((partition) => keep(partition, topic)) }))
    .filter(({ partitions }) => partitions.length > 0)
  if (kept.length === 0) return undefined
  const flexible = isFlexible(produce, walk.version)
  const output = new SplicedFrame(frame)
  output.keep(4, walk.topicsStart)
  output.count(kept.length, flexible)
  for (const { topic, partitions } of kept) {
    output.keep(topic.start, topic.partitionsStart)
    output.count(partitions.length, flexible)
    for (const partition of partitions) output.keep(partition.start, partition.end)
    output.keep(topic.partitionsEnd, topic.end)
  }
  output.keep(walk.topicsEnd, frame.length)
  return output.buffers()
}
