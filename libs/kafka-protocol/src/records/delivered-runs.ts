import { KafkaProtocolError } from '../protocol-error.ts'
import { batchHeaderBytes, newBatchHeader, readBatchHeader, type BatchHeader } from './batch-header.ts'
import { openRecords } from './decompression.ts'
import { walkOffsetDeltas } from './offset-deltas.ts'

const defaultMaxOpenedBytes = 64 * 1024 * 1024

/** Which records a slice of fetched bytes really holds. Control batches are left out: they are not a producer's records. */
export type DeliveredRuns = {
  /** First and last offset at which there is a record; both -1 when there is none. */
  readonly firstOffset: number
  readonly lastOffset: number
  /** Inclusive pairs in rising order when offsets between first and last are missing; undefined when none is. */
  readonly runs: readonly (readonly [number, number])[] | undefined
  readonly records: number
  /** Bytes of the batches that hold them, as they are on the wire. */
  readonly bytes: number
  /** Position after the last whole batch. */
  readonly end: number
  /** False when a batch begins at `end` that is not there whole. */
  readonly complete: boolean
}

class RunCollector {
  firstOffset = -1
  lastOffset = -1
  records = 0
  #runStart = -1
  #runs: (readonly [number, number])[] | undefined

  add(first: number, last: number): void {
    if (this.firstOffset === -1) {
      this.firstOffset = first
      this.#runStart = first
    } else if (first !== this.lastOffset + 1) {
      this.#runs ??= []
      this.#runs.push([this.#runStart, this.lastOffset])
      this.#runStart = first
    }
    this.lastOffset = last
    this.records += last - first + 1
  }

  runs(): readonly (readonly [number, number])[] | undefined {
    return this.#runs === undefined ? undefined : [...this.#runs, [this.#runStart, this.lastOffset]]
  }
}

/**
 * Tells, for the records slice `start`..`end` of a fetch response, which offsets are there. Headers are enough, except for a batch
 * that has lost records to compaction: it is opened, to `maxOpenedBytes` at most (default 64 MiB).
 * Throws KafkaProtocolError `malformed` or `oversize` for anything that does not add up; such a partition must not be released.
 * That includes compressed message sets of magic 0 and 1, whose offsets cannot be told without a second decoder.
 */
export function deliveredRuns(
  buffer: Buffer,
  start = 0,
  end = buffer.length,
  options: { readonly maxOpenedBytes?: number } = {},
): DeliveredRuns {
  const maxOpenedBytes = options.maxOpenedBytes ?? defaultMaxOpenedBytes
  const header = newBatchHeader()
  const collector = new RunCollector()
  let bytes = 0
  let at = start
  let previousOffset = -1
  while (at < end && readBatchHeader(buffer, at, header, end)) {
    if (header.baseOffset <= previousOffset) {
      throw new KafkaProtocolError('malformed', `The record batch at byte ${at} does not come after the one before it.`)
    }
    previousOffset = header.lastOffset
    at = header.end
    if (header.control || header.count === 0) continue
    bytes += header.end - header.start
    addBatch(buffer, header, collector, maxOpenedBytes)
  }
  const { firstOffset, lastOffset, records } = collector
  return { firstOffset, lastOffset, runs: collector.runs(), records, bytes, end: at, complete: at === end }
}

function addBatch(buffer: Buffer, header: BatchHeader, collector: RunCollector, maxOpenedBytes: number): void {
  if (header.count < 0) {
    throw new KafkaProtocolError(
      'malformed',
      `The compressed message set of magic ${header.magic} at byte ${header.start} is not read.`,
    )
  }
  if (header.count === header.lastOffset - header.baseOffset + 1) collector.add(header.baseOffset, header.lastOffset)
  else walkOffsetDeltas(openRecords(buffer, header, maxOpenedBytes), header, collector)
}

/**
 * Overwrites the payload of a batch that begins at `start` (the `end` of `deliveredRuns`) and is cut off at `end`. Clients drop such a
 * batch unread, so it is not on record; without this its bytes could still be read off the wire. Its header stays, because
 * clients look at it to see that the batch is not whole.
 */
export function blankPartialBatch(buffer: Buffer, start: number, end: number): void {
  if (end - start > batchHeaderBytes) buffer.fill(0, start + batchHeaderBytes, end)
}
