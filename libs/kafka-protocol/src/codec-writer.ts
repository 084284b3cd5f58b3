import { ValueFault } from './codec-fault.ts'

const initialBytes = 256
const largestFrameBytes = 0x7fff_ffff

/** A growing frame. What its type cannot hold is refused with a ValueFault that does not repeat the value. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(initialBytes)
  offset = 0

  /** Makes room for `length` bytes, moves over them and returns where they begin. */
  #extend(length: number): number {
    const start = this.offset
    const end = start + length
    if (end > this.#buffer.length) {
      if (end > largestFrameBytes) throw new ValueFault('oversize', 'the frame would exceed 2 GiB')
      const grown = Buffer.allocUnsafe(Math.min(Math.max(end, this.#buffer.length * 2), largestFrameBytes))
      this.#buffer.copy(grown, 0, 0, start)
      this.#buffer = grown
    }
    this.offset = end
    return start
  }

  int8(value: number): void {
    checkInteger(value, -0x80, 0x7f)
    const start = this.#extend(1)
    this.#buffer.writeInt8(value, start)
  }

  int16(value: number): void {
    checkInteger(value, -0x8000, 0x7fff)
    const start = this.#extend(2)
    this.#buffer.writeInt16BE(value, start)
  }

  int32(value: number): void {
    checkInteger(value, -0x8000_0000, 0x7fff_ffff)
    const start = this.#extend(4)
    this.#buffer.writeInt32BE(value, start)
  }

  int64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new ValueFault('malformed', 'not a 64-bit integer')
    const start = this.#extend(8)
    this.#buffer.writeBigInt64BE(value, start)
  }

  uint16(value: number): void {
    checkInteger(value, 0, 0xffff)
    const start = this.#extend(2)
    this.#buffer.writeUInt16BE(value, start)
  }

  uint32(value: number): void {
    checkInteger(value, 0, 0xffff_ffff)
    const start = this.#extend(4)
    this.#buffer.writeUInt32BE(value, start)
  }

  float64(value: number): void {
    const start = this.#extend(8)
    this.#buffer.writeDoubleBE(value, start)
  }

  uuid(value: string): void {
    const id = Buffer.from(value, 'base64url')
    // Decoding base64 is lenient, so the text must come back the same.
    if (id.length !== 16 || id.toString('base64url') !== value) {
      throw new ValueFault('malformed', 'not a uuid of 22 base64url characters')
    }
    this.slice(id)
  }

  varint(value: number): void {
    const start = this.#extend(varintBytes(value))
    let rest = value
    for (let at = start; at < this.offset - 1; at++) {
      this.#buffer[at] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#buffer[this.offset - 1] = rest
  }

  text(value: string, length: number): void {
    const start = this.#extend(length)
    this.#buffer.write(value, start, length, 'utf8')
  }

  slice(value: Uint8Array): void {
    const start = this.#extend(value.length)
    this.#buffer.set(value, start)
  }

  /** What `write` writes, with its length as a varint in front. */
  sized(write: () => void): void {
    const sizeAt = this.#extend(1)
    write()
    const length = this.offset - sizeAt - 1
    const moreSizeBytes = varintBytes(length) - 1
    if (moreSizeBytes > 0) {
      this.#extend(moreSizeBytes)
      this.#buffer.copyWithin(sizeAt + 1 + moreSizeBytes, sizeAt + 1, this.offset - moreSizeBytes)
    }
    const end = this.offset
    this.offset = sizeAt
    this.varint(length)
    this.offset = end
  }

  /** All that was written, with its size in the first four bytes, which must have been written as a placeholder. */
  frame(): Buffer {
    this.#buffer.writeInt32BE(this.offset - 4, 0)
    return this.#buffer.subarray(0, this.offset)
  }
}

function checkInteger(value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ValueFault('malformed', `not an integer from ${min} to ${max}`)
  }
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++
  return bytes
}
