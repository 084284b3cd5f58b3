import { isUtf8 } from 'node:buffer'
import { ValueFault } from './codec-fault.ts'

const replacementCharacter = '\ufffd'

/** A cursor over received bytes. Nothing beyond `end` is ever read; every fault is a ValueFault. */
export class ByteReader {
  readonly buffer: Buffer
  offset: number
  end: number

  constructor(buffer: Buffer, offset: number) {
    this.buffer = buffer
    this.offset = offset
    this.end = buffer.length
    if (offset < 0 || offset > buffer.length) throw new ValueFault('truncated', `starts at ${offset}, beyond the end`)
  }

  get remaining(): number {
    return this.end - this.offset
  }

  /** Moves over `length` bytes and returns where they begin. */
  take(length: number): number {
    const start = this.offset
    if (length > this.end - start) {
      throw new ValueFault('truncated', `needs ${length} bytes, ${this.end - start} are left`)
    }
    this.offset = start + length
    return start
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1))
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2))
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4))
  }

  int64(): bigint {
    return this.buffer.readBigInt64BE(this.take(8))
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.take(2))
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.take(4))
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8))
  }

  uuid(): string {
    const start = this.take(16)
    return this.buffer.toString('base64url', start, start + 16)
  }

  /** Unsigned, 32 bits: at most 5 bytes, of which the last carries 4 bits. */
  varint(): number {
    let value = 0
    for (let factor = 1; factor < 0x1_0000_0000; factor *= 0x80) {
      const byte = this.buffer.readUInt8(this.take(1))
      if (factor === 0x1000_0000 && byte > 0x0f) break
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw new ValueFault('malformed', 'varint of more than 32 bits')
  }

  /** Strict: other bytes than UTF-8 would decode to a name that is not the one forwarded. */
  text(length: number): string {
    const start = this.take(length)
    const text = this.buffer.toString('utf8', start, start + length)
    // Decoding replaces what is invalid, so only text with a replacement character can have been invalid.
    if (text.includes(replacementCharacter) && !isUtf8(this.buffer.subarray(start, start + length))) {
      throw new ValueFault('malformed', 'not UTF-8')
    }
    return text
  }

  slice(length: number): Buffer {
    const start = this.take(length)
    return this.buffer.subarray(start, start + length)
  }
}
