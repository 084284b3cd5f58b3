const reversedPolynomial = 0x82f63b78
/** Eight tables of 256: table n gives the effect of a byte that lies n bytes before the end of an eight-byte step. */
const tables = buildTables()

function buildTables(): Int32Array {
  const built = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte += 1) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit += 1)
      remainder = remainder & 1 ? (remainder >>> 1) ^ reversedPolynomial : remainder >>> 1
    built[byte] = remainder
  }
  for (let index = 256; index < built.length; index += 1) {
    const before = built[index - 256] ?? 0
    built[index] = (before >>> 8) ^ (built[before & 0xff] ?? 0)
  }
  return built
}

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `start`..`end`, unsigned. Slicing by 8: about 1 GB/s, where a byte at a time gives 0.3. */
export function crc32c(buffer: Uint8Array, start = 0, end = buffer.length): number {
  let crc = -1
  let at = start
  // Indices are below the table's length by construction; `!` and not `??`, which would cost a branch per byte.
  for (; at + 8 <= end; at += 8) {
    crc ^= buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)
    crc =
      tables[1792 + (crc & 0xff)]! ^
      tables[1536 + ((crc >>> 8) & 0xff)]! ^
      tables[1280 + ((crc >>> 16) & 0xff)]! ^
      tables[1024 + (crc >>> 24)]! ^
      tables[768 + buffer[at + 4]!]! ^
      tables[512 + buffer[at + 5]!]! ^
      tables[256 + buffer[at + 6]!]! ^
      tables[buffer[at + 7]!]!
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ tables[(crc ^ buffer[at]!) & 0xff]!
  return ~crc >>> 0
}
