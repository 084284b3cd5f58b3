import { WeirError } from '@weir/kernel'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads what ByteWriter wrote. Throws WEIR_SEGMENT_INVALID past the end, on numbers that are not safe integers and on broken UTF-8. */
export class ByteReader {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get atEnd(): boolean {
    return this.#position === this.#bytes.length
  }

  byte(): number {
    const value = this.#bytes[this.#position++]
    if (value === undefined) throw invalid('it ends within a value')
    return value
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const next = this.byte()
      value += (next & 127) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw invalid('a number is out of range')
      if (next < 128) return value
      scale *= 128
      if (scale > 2 ** 56) throw invalid('a number has too many bytes')
    }
  }

  signed(): number {
    const first = this.byte()
    const high = first >= 128 ? this.varint() * 64 : 0
    const size = high + (first & 63)
    if (size > Number.MAX_SAFE_INTEGER) throw invalid('a number is out of range')
    return (first & 64) === 0 || size === 0 ? size : -size
  }

  string(): string {
    const bytes = this.blob()
    try {
      return utf8.decode(bytes)
    } catch (error) {
      throw invalid('a string is not UTF-8', error)
    }
  }

  blob(): Buffer {
    const length = this.varint()
    const end = this.#position + length
    if (end > this.#bytes.length) throw invalid('it ends within a value')
    const bytes = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return bytes
  }
}

/** The segment cannot be read: `what` says what is wrong with it. */
export function invalid(what: string, cause?: unknown): WeirError {
  return new WeirError('WEIR_SEGMENT_INVALID', `The evidence segment is not well formed: ${what}.`, { cause })
}
