import { KafkaProtocolError } from '../protocol-error.ts'
import { BoundedOutput, tooLarge } from './bounded-output.ts'

/** How the Java client frames snappy (snappy-java's "xerial" stream): this, two int32 versions, then blocks with an int32 size. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const xerialHeaderBytes = 16

/**
 * Opens snappy as Kafka clients write it: Java's stream of blocks, or the single raw block of librdkafka.
 * Throws KafkaProtocolError `malformed`, or `oversize` when it opens to more than `limitBytes`.
 * Source: google/snappy format_description.txt.
 */
export function openSnappy(bytes: Buffer, limitBytes: number): Buffer {
  const output = new BoundedOutput(limitBytes, bytes.length * 2)
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) {
    openBlock(bytes, 0, bytes.length, output, limitBytes)
    return output.bytes()
  }
  let at = xerialHeaderBytes
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw malformed('ends inside a block size')
    const end = at + 4 + bytes.readInt32BE(at)
    if (end < at + 4 || end > bytes.length) throw malformed('has a block that does not fit')
    openBlock(bytes, at + 4, end, output, limitBytes)
    at = end
  }
  return output.bytes()
}

function openBlock(bytes: Buffer, start: number, end: number, output: BoundedOutput, limitBytes: number): void {
  let at = start
  let declared = 0
  for (let shift = 0; ; shift += 7) {
    if (at >= end || shift > 28) throw malformed('has no length')
    const byte = bytes[at++] ?? 0
    declared += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  const blockStart = output.length
  if (blockStart + declared > limitBytes) throw tooLarge(limitBytes)
  while (at < end) {
    at = openElement(bytes, at, end, output, blockStart)
    if (output.length - blockStart > declared) throw malformed('is longer than declared')
  }
  if (output.length - blockStart !== declared) throw malformed('is shorter than declared')
}

/** One literal or copy; returns the position after it. */
function openElement(bytes: Buffer, at: number, end: number, output: BoundedOutput, blockStart: number): number {
  const tag = bytes[at] ?? 0
  if ((tag & 0x03) === 0) {
    const short = tag >>> 2
    const lengthBytes = short < 60 ? 0 : short - 59
    if (at + 1 + lengthBytes > end) throw malformed('ends inside a literal')
    const length = 1 + (lengthBytes === 0 ? short : bytes.readUIntLE(at + 1, lengthBytes))
    const literal = at + 1 + lengthBytes
    if (literal + length > end) throw malformed('ends inside a literal')
    output.append(bytes, literal, literal + length)
    return literal + length
  }
  const offsetBytes = [0, 1, 2, 4][tag & 0x03] ?? 0
  if (at + 1 + offsetBytes > end) throw malformed('ends inside a copy')
  const near = (tag & 0x03) === 1
  const length = near ? 4 + ((tag >>> 2) & 0x07) : 1 + (tag >>> 2)
  const distance = near ? ((tag >>> 5) << 8) | (bytes[at + 1] ?? 0) : bytes.readUIntLE(at + 1, offsetBytes)
  if (distance === 0 || distance > output.length - blockStart) throw malformed('copies from before its start')
  output.repeat(distance, length)
  return at + 1 + offsetBytes
}

function malformed(what: string): KafkaProtocolError {
  return new KafkaProtocolError('malformed', `Snappy data ${what}.`)
}
