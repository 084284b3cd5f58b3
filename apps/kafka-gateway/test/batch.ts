/** One uncompressed record batch of magic 2, as a producer sends it. */
export function recordBatch(
  values: readonly string[],
  options: { transactional?: boolean; producerId?: bigint; sequence?: number } = {},
): Buffer {
  const records = values.map((value, index) => record(value, index))
  const body = Buffer.concat(records)
  const batch = Buffer.alloc(61 + body.length)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(options.transactional === true ? 0x10 : 0, 21)
  batch.writeInt32BE(values.length - 1, 23)
  batch.writeBigInt64BE(BigInt(Date.now()), 27)
  batch.writeBigInt64BE(BigInt(Date.now()), 35)
  batch.writeBigInt64BE(options.producerId ?? -1n, 43)
  batch.writeInt16BE(options.producerId === undefined ? -1 : 0, 51)
  batch.writeInt32BE(options.sequence ?? -1, 53)
  batch.writeInt32BE(values.length, 57)
  body.copy(batch, 61)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

function record(value: string, offsetDelta: number): Buffer {
  const bytes = Buffer.from(value)
  const content = Buffer.concat([
    Buffer.from([0, 0]),
    varint(offsetDelta),
    varint(-1),
    varint(bytes.length),
    bytes,
    Buffer.from([0]),
  ])
  return Buffer.concat([varint(content.length), content])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** CRC-32C bit by bit: slow, and independent of the code under test. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
