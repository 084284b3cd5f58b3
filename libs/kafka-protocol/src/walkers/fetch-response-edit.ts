import { structEncoder } from '../codec-encoding.ts'
import { protocolError, ValueFault } from '../codec-fault.ts'
import { isFlexible } from '../codec.ts'
import { fetch } from '../tables.ts'
import {
  lastFields,
  type FetchedPartition,
  type FetchedTopic,
  type FetchResponseWalk,
  type NodeEndpoint,
} from './fetch-response.ts'
import { SplicedFrame } from './spliced-frame.ts'

/** One partition of an edited response. */
export type FetchPartitionEdit =
  /** As it came, but with other records and another error code where these are given. `records: []` withholds what came. */
  | { readonly from: FetchedPartition; readonly records?: readonly Buffer[]; readonly errorCode?: number }
  /** Not from the cluster: an error without records, as a broker states it. */
  | { readonly index: number; readonly errorCode: number }

/** One topic of an edited response: one that came, or one that is stated here by the name or id that the version uses. */
export type FetchTopicEdit = {
  readonly topic: FetchedTopic | { readonly name: string } | { readonly topicId: string }
  readonly partitions: readonly FetchPartitionEdit[]
}

/** What a Fetch response shall hold, by reference to what came. */
export type FetchResponseEdit = {
  /** All topics, in the order they shall have. */
  readonly topics: readonly FetchTopicEdit[]
  /** In place of those that came. */
  readonly nodeEndpoints?: readonly NodeEndpoint[]
  readonly sessionId?: number
}

/**
 * Writes a Fetch response anew from one that was walked: topics and partitions as `edit` lists them, everything else as it came.
 * `frame` is the whole frame that was walked, its size in the first four bytes. Returns buffers for one vectored write; records that
 * came are slices of `frame`, which must stay unreleased until they are written.
 * Throws KafkaProtocolError for what the version cannot carry.
 */
export function writeFetchResponse(frame: Buffer, walk: FetchResponseWalk, edit: FetchResponseEdit): Buffer[] {
  try {
    const output = new ResponseOutput(frame, walk.version)
    output.head(walk, edit.sessionId)
    output.count(edit.topics.length)
    for (const topic of edit.topics) output.topic(topic)
    output.tail(walk, edit.nodeEndpoints)
    return output.frame.buffers()
  } catch (error) {
    throw protocolError('FetchResponse', error)
  }
}

class ResponseOutput {
  readonly frame: SplicedFrame
  readonly #version: number
  readonly #flexible: boolean

  constructor(source: Buffer, version: number) {
    this.frame = new SplicedFrame(source)
    this.#version = version
    this.#flexible = isFlexible(fetch, version)
  }

  head(walk: FetchResponseWalk, sessionId: number | undefined): void {
    if (sessionId === undefined || this.#version < 7) {
      this.frame.keep(4, walk.topicsStart)
    } else {
      this.frame.keep(4, walk.topicsStart - 4)
      this.frame.writer.int32(sessionId)
    }
  }

  count(count: number): void {
    this.frame.count(count, this.#flexible)
  }

  topic({ topic, partitions }: FetchTopicEdit): void {
    const came = 'partitionsStart' in topic ? topic : undefined
    if (came !== undefined) this.frame.keep(came.start, came.partitionsStart)
    else this.#identity('name' in topic ? topic.name : undefined, 'topicId' in topic ? topic.topicId : undefined)
    this.count(partitions.length)
    for (const partition of partitions) {
      if ('from' in partition) this.#kept(partition.from, partition.records, partition.errorCode)
      else this.#stated(partition.index, partition.errorCode)
    }
    if (came === undefined) this.#noTags()
    else this.frame.keep(came.partitionsEnd, came.end)
  }

  tail(walk: FetchResponseWalk, nodeEndpoints: readonly NodeEndpoint[] | undefined): void {
    if (nodeEndpoints === undefined) {
      this.frame.keep(walk.topicsEnd, walk.end)
      return
    }
    if (!this.#flexible) {
      if (nodeEndpoints.length > 0) throw new ValueFault('malformed', `version ${this.#version} carries no addresses`)
      return
    }
    const encode = structEncoder(lastFields, { version: this.#version, flexible: true })
    encode(this.frame.writer, { nodeEndpoints, unknownTags: [...walk.unknownTags] })
  }

  #identity(name: string | undefined, topicId: string | undefined): void {
    const writer = this.frame.writer
    if (this.#version >= 13) {
      writer.uuid(topicId ?? '')
      return
    }
    if (name === undefined) throw new ValueFault('malformed', `version ${this.#version} names topics by name`)
    const length = Buffer.byteLength(name)
    if (this.#flexible) writer.varint(length + 1)
    else writer.int16(length)
    writer.text(name, length)
  }

  #kept(from: FetchedPartition, records: readonly Buffer[] | undefined, errorCode: number | undefined): void {
    if (records === undefined && errorCode === undefined) {
      this.frame.keep(from.start, from.end)
      return
    }
    this.frame.keep(from.start, from.start + 4)
    this.frame.writer.int16(errorCode ?? from.errorCode)
    if (records === undefined) {
      this.frame.keep(from.start + 6, from.end)
      return
    }
    this.frame.keep(from.start + 6, from.recordsLengthStart)
    this.count(records.reduce((bytes, each) => bytes + each.length, 0))
    for (const each of records) this.frame.splice(each)
    this.frame.keep(from.recordsEnd, from.end)
  }

  #stated(index: number, errorCode: number): void {
    const writer = this.frame.writer
    writer.int32(index)
    writer.int16(errorCode)
    writer.int64(-1n) // high watermark
    writer.int64(-1n) // last stable offset
    if (this.#version >= 5) writer.int64(-1n) // log start offset
    this.count(0) // aborted transactions
    if (this.#version >= 11) writer.int32(-1) // preferred read replica
    this.count(0) // records: their length is encoded as a count is
    this.#noTags()
  }

  #noTags(): void {
    if (this.#flexible) this.frame.writer.varint(0)
  }
}
