import { protocolError, ValueFault } from '../codec-fault.ts'
import { isFlexible } from '../codec.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import { produce } from '../tables.ts'
import { MessageReader } from './message-reader.ts'

/** What became of the batch of one partition. */
export type AnsweredPartition = {
  readonly index: number
  readonly errorCode: number
  /** Offset of the batch's first record; -1 when nothing was appended. */
  readonly baseOffset: number
}

/** One topic of a Produce response. */
export type AnsweredTopic = {
  /** Versions 3 to 12. */
  readonly name: string | undefined
  /** Versions from 13, in Kafka's base64url form. */
  readonly topicId: string | undefined
  readonly partitions: readonly AnsweredPartition[]
}

/** What a Produce response says of each partition. */
export type ProduceResponseWalk = {
  readonly correlationId: number
  readonly topics: readonly AnsweredTopic[]
  /** There are tagged fields at the end, such as the addresses of leaders (KIP-951): `decodeResponse` tells which. */
  readonly endsWithTags: boolean
}

/**
 * Reads what a Produce response says of each partition, of any version that has a table, and steps over the rest. `offset` is where
 * the response header begins: 4 in a frame with its size prefix. The body must fill the rest of the buffer. Throws KafkaProtocolError.
 */
export function walkProduceResponse(buffer: Buffer, offset: number, version: number): ProduceResponseWalk {
  const [min, max] = produce.versions
  if (version < min || version > max) {
    throw new KafkaProtocolError('unsupported-version', `Produce has no table for version ${version}`)
  }
  try {
    const reader = new MessageReader(buffer, offset, isFlexible(produce, version))
    const correlationId = reader.int32()
    reader.skipTags()
    const topics = walkTopics(reader, version)
    reader.int32()
    const endsWithTags = reader.flexible && buffer[reader.offset] !== 0
    reader.skipTags()
    if (reader.remaining > 0) throw new ValueFault('malformed', `${reader.remaining} bytes after the body`)
    return { correlationId, topics, endsWithTags }
  } catch (error) {
    throw protocolError('ProduceResponse', error)
  }
}

function walkTopics(reader: MessageReader, version: number): AnsweredTopic[] {
  const byId = version >= 13
  const topics: AnsweredTopic[] = []
  for (let left = reader.count(byId ? 17 : 3); left > 0; left -= 1) {
    const name = byId ? undefined : reader.string()
    const topicId = byId ? reader.uuid() : undefined
    const partitions: AnsweredPartition[] = []
    for (let more = reader.count(22); more > 0; more -= 1) partitions.push(walkPartition(reader, version))
    reader.skipTags()
    topics.push({ name, topicId, partitions })
  }
  return topics
}

function walkPartition(reader: MessageReader, version: number): AnsweredPartition {
  const index = reader.int32()
  const errorCode = reader.int16()
  const baseOffset = reader.safeInt64()
  reader.take(version >= 5 ? 16 : 8)
  if (version >= 8) {
    for (let left = reader.count(5); left > 0; left -= 1) {
      reader.int32()
      reader.nullableString()
      reader.skipTags()
    }
    reader.nullableString()
  }
  reader.skipTags()
  return { index, errorCode, baseOffset }
}
