const sign = 0x40
const more = 0x80

/**
 * A growing slab that numbers and strings are written to, one call each, without garbage.
 * `varint`: 7 bits per byte, low bits first, non-negative. `signed`: the first byte holds 6 bits and the sign. Both carry every safe integer.
 */
export class ByteWriter {
  bytes: Buffer
  length = 0

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes)
  }

  /** Makes room for `count` more bytes: the number writers below do not check. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  /** At most 8 bytes. Throws RangeError on what is not a safe non-negative integer. */
  varint(value: number): void {
    let rest = value
    if ((rest | 0) !== rest || rest < 0) {
      if (!Number.isSafeInteger(rest) || rest < 0) throw new RangeError(`not a safe non-negative integer: ${value}`)
      // Above 2^31 the bit operators would cut.
      while (rest > 0x7fffffff) {
        this.bytes[this.length++] = (rest % 128) | more
        rest = Math.floor(rest / 128)
      }
    }
    while (rest >= 128) {
      this.bytes[this.length++] = (rest & 127) | more
      rest >>>= 7
    }
    this.bytes[this.length++] = rest
  }

  /** At most 9 bytes. Throws RangeError on what is not a safe integer. */
  signed(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`)
    const size = value < 0 ? -value : value
    const first = value < 0 ? sign : 0
    if (size < 64) {
      this.bytes[this.length++] = first | size
      return
    }
    this.bytes[this.length++] = first | more | (size % 64)
    this.varint(Math.floor(size / 64))
  }

  /** Length in bytes, then UTF-8. Makes its own room. */
  string(value: string): void {
    this.reserve(value.length * 3 + 8)
    const length = Buffer.byteLength(value)
    this.varint(length)
    this.bytes.write(value, this.length, length, 'utf8')
    this.length += length
  }

  /** Length, then the bytes. Makes its own room. */
  blob(value: Uint8Array): void {
    this.reserve(value.length + 8)
    this.varint(value.length)
    this.bytes.set(value, this.length)
    this.length += value.length
  }
}
