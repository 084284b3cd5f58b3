import { KafkaProtocolError } from '../protocol-error.ts'
import { readSafeInt64 } from '../safe-int64.ts'
import { crc32c } from './crc32c.ts'

/** From the first byte to the records of a batch of magic 2 (KIP-98). None of it is payload. */
export const batchHeaderBytes = 61
/** baseOffset and batchLength, which batchLength does not count. */
const batchOverheadBytes = 12
const magicOffset = 16
const checksummedOffset = 21
/** Without key and value; the timestamp came with magic 1 (KIP-32). */
const smallestLegacyBytes = [26, 34] as const

/** The compression codecs, by their number in the attributes. */
export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/**
 * What stands in front of the records of one batch. Made once by `newBatchHeader` and filled again by each `readBatchHeader`, so
 * that reading allocates nothing.
 * Of magic 0 and 1 ("legacy": single messages, or a compressed wrapper around several) only `start`, `end`, `magic`, `codec`,
 * `checksum`, `lastOffset` and, uncompressed, `baseOffset` and `count` are known; `count` is -1 for a wrapper.
 */
export type BatchHeader = {
  /** Position of the first byte, and of the byte after the last. */
  start: number
  end: number
  magic: number
  legacy: boolean
  baseOffset: number
  /** The last offset of the batch's range; after compaction there need not be a record at it. */
  lastOffset: number
  /** Records that are there. */
  count: number
  partitionLeaderEpoch: number
  /** Unsigned; CRC-32C in magic 2, CRC-32 (IEEE) before. */
  checksum: number
  codec: number
  /** Every record's time is the broker's time of appending. */
  logAppendTime: boolean
  transactional: boolean
  /** A marker of the transaction coordinator, not records of a producer. */
  control: boolean
  deleteHorizon: boolean
  /** -1 when there is none. */
  producerId: number
  producerEpoch: number
  baseSequence: number
}

/** An empty header for `readBatchHeader` to fill. */
export function newBatchHeader(): BatchHeader {
  return {
    start: 0,
    end: 0,
    magic: 2,
    legacy: false,
    baseOffset: 0,
    lastOffset: 0,
    count: 0,
    partitionLeaderEpoch: -1,
    checksum: 0,
    codec: 0,
    logAppendTime: false,
    transactional: false,
    control: false,
    deleteHorizon: false,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
  }
}

/**
 * Fills `into` with the header of the batch at `offset`; the bytes of the records slice end at `limit`.
 * Returns false when the batch is not there whole: a broker cuts the last batch of a fetch at its byte limit.
 * Throws KafkaProtocolError `malformed` for a header that contradicts itself or an offset beyond 2^53. The checksum is not verified.
 */
export function readBatchHeader(buffer: Buffer, offset: number, into: BatchHeader, limit = buffer.length): boolean {
  if (limit - offset <= magicOffset) return false
  const magic = buffer.readInt8(offset + magicOffset)
  const wholeBytes = batchOverheadBytes + buffer.readInt32BE(offset + 8)
  const smallestBytes = magic === 2 ? batchHeaderBytes : smallestLegacyBytes[magic]
  if (smallestBytes === undefined) throw malformed(offset, `has the unknown magic ${magic}`)
  if (wholeBytes < smallestBytes) throw malformed(offset, `is shorter (${wholeBytes} bytes) than its header`)
  if (wholeBytes > limit - offset) return false
  into.start = offset
  into.end = offset + wholeBytes
  into.magic = magic
  into.legacy = magic < 2
  if (into.legacy) readLegacy(buffer, offset, into)
  else readMagic2(buffer, offset, into)
  return true
}

function readMagic2(buffer: Buffer, offset: number, into: BatchHeader): void {
  const attributes = buffer.readInt16BE(offset + 21)
  const lastOffsetDelta = buffer.readInt32BE(offset + 23)
  const count = buffer.readInt32BE(offset + 57)
  if (lastOffsetDelta < 0 || count < 0 || count > lastOffsetDelta + 1) {
    throw malformed(offset, `has ${count} records at offset deltas up to ${lastOffsetDelta}`)
  }
  into.baseOffset = readSafeInt64(buffer, offset)
  into.lastOffset = into.baseOffset + lastOffsetDelta
  if (!Number.isSafeInteger(into.lastOffset)) throw malformed(offset, 'ends at an offset beyond 2^53')
  into.count = count
  into.partitionLeaderEpoch = buffer.readInt32BE(offset + 12)
  into.checksum = buffer.readUInt32BE(offset + 17)
  into.codec = attributes & 0x07
  into.logAppendTime = (attributes & 0x08) !== 0
  into.transactional = (attributes & 0x10) !== 0
  into.control = (attributes & 0x20) !== 0
  into.deleteHorizon = (attributes & 0x40) !== 0
  into.producerId = readSafeInt64(buffer, offset + 43)
  into.producerEpoch = buffer.readInt16BE(offset + 51)
  into.baseSequence = buffer.readInt32BE(offset + 53)
}

function readLegacy(buffer: Buffer, offset: number, into: BatchHeader): void {
  const attributes = buffer.readInt8(offset + 17)
  into.baseOffset = readSafeInt64(buffer, offset)
  into.lastOffset = into.baseOffset
  into.partitionLeaderEpoch = -1
  into.checksum = buffer.readUInt32BE(offset + 12)
  into.codec = attributes & 0x07
  into.count = into.codec === 0 ? 1 : -1
  into.logAppendTime = into.magic === 1 && (attributes & 0x08) !== 0
  into.transactional = false
  into.control = false
  into.deleteHorizon = false
  into.producerId = -1
  into.producerEpoch = -1
  into.baseSequence = -1
}

/** Whether the bytes of a batch of magic 2 are those its CRC-32C was made of. Reads the whole batch. */
export function verifyBatchChecksum(buffer: Buffer, header: BatchHeader): boolean {
  return crc32c(buffer, header.start + checksummedOffset, header.end) === header.checksum
}

function malformed(offset: number, what: string): KafkaProtocolError {
  return new KafkaProtocolError('malformed', `The record batch at byte ${offset} ${what}.`)
}
