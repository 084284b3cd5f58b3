import { KafkaProtocolError } from '../protocol-error.ts'
import type { BatchHeader } from './batch-header.ts'

/**
 * Gives each record's offset to `collector`, in order. `records` are the opened records of the batch.
 * Throws KafkaProtocolError `malformed` unless there are exactly as many as the header says, at rising offsets within its range,
 * and nothing else.
 */
export function walkOffsetDeltas(
  records: Buffer,
  header: BatchHeader,
  collector: { add(first: number, last: number): void },
): void {
  const cursor = new RecordCursor(records)
  const lastDelta = header.lastOffset - header.baseOffset
  let previous = -1
  for (let index = 0; index < header.count; index += 1) {
    const delta = cursor.nextOffsetDelta()
    if (delta <= previous || delta > lastDelta) throw malformed(`record ${index} has the offset delta ${delta}`)
    previous = delta
    collector.add(header.baseOffset + delta, header.baseOffset + delta)
  }
  if (!cursor.atEnd) throw malformed(`${header.count} records do not fill it`)
}

/** Steps over records (length, attributes, timestamp delta, offset delta, …) without looking at keys, values or headers. */
class RecordCursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  nextOffsetDelta(): number {
    const length = this.#zigZag()
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length) throw malformed('a record does not fit')
    this.#at += 1
    this.#skipVarint()
    const delta = this.#zigZag()
    if (this.#at > end) throw malformed('a record is shorter than its fields')
    this.#at = end
    return delta
  }

  #zigZag(): number {
    let value = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    throw malformed('a varint is longer than 32 bits')
  }

  #skipVarint(): void {
    for (let count = 0; count < 10; count += 1) if (this.#byte() < 0x80) return
    throw malformed('a varint is longer than 64 bits')
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw malformed('a record ends early')
    return byte
  }
}

function malformed(what: string): KafkaProtocolError {
  return new KafkaProtocolError('malformed', `A record batch contradicts itself: ${what}.`)
}
