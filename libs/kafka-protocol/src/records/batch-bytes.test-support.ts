/** Record batches of magic 2, written out by hand, so that a test does not check the reader with itself. Tests only. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c } from './crc32c.ts'

export type BatchSpec = {
  baseOffset: number
  /** Records at offset deltas 0 … count - 1, unless `deltas` says where they are; with `deltas`, what the header claims. */
  count?: number
  deltas?: readonly number[]
  lastOffsetDelta?: number
  control?: boolean
  transactional?: boolean
  codec?: 'none' | 'gzip' | 'zstd'
  /** What the attributes claim, when it is not what was done. */
  codecNumber?: number
  valueBytes?: number
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
}

const compressors = {
  none: { number: 0, compress: (bytes: Buffer) => bytes },
  gzip: { number: 1, compress: (bytes: Buffer) => gzipSync(bytes) },
  zstd: { number: 4, compress: (bytes: Buffer) => zstdCompressSync(bytes) },
}

export function batchOf(spec: BatchSpec): Buffer {
  const deltas = spec.deltas ?? Array.from({ length: spec.count ?? 0 }, (_, delta) => delta)
  const codec = compressors[spec.codec ?? 'none']
  const plain = Buffer.concat(deltas.map((delta) => recordOf(delta, spec.valueBytes ?? 5)))
  const records = codec.compress(plain)
  const batch = Buffer.alloc(61 + records.length)
  batch.writeBigInt64BE(BigInt(spec.baseOffset), 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12)
  batch.writeInt8(2, 16)
  const flags = (spec.transactional ? 0x10 : 0) | (spec.control ? 0x20 : 0)
  batch.writeInt16BE((spec.codecNumber ?? codec.number) | flags, 21)
  batch.writeInt32BE(spec.lastOffsetDelta ?? deltas.length - 1, 23)
  batch.writeBigInt64BE(BigInt(spec.producerId ?? -1), 43)
  batch.writeInt16BE(spec.producerEpoch ?? -1, 51)
  batch.writeInt32BE(spec.baseSequence ?? -1, 53)
  batch.writeInt32BE(spec.count ?? deltas.length, 57)
  records.copy(batch, 61)
  batch.writeUInt32BE(crc32c(batch, 21), 17)
  return batch
}

function recordOf(offsetDelta: number, valueBytes: number): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    zigZag(1_000),
    zigZag(offsetDelta),
    zigZag(-1),
    zigZag(valueBytes),
    Buffer.alloc(valueBytes, 0x76),
    zigZag(0),
  ])
  return Buffer.concat([zigZag(body.length), body])
}

function zigZag(value: number): Buffer {
  const bytes: number[] = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}
