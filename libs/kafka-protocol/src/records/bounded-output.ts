import { KafkaProtocolError } from '../protocol-error.ts'

/** What a decompressor writes to: grows with what is really written, and no further than its limit. */
export class BoundedOutput {
  length = 0
  readonly #limitBytes: number
  #buffer: Buffer

  constructor(limitBytes: number, expectedBytes: number) {
    this.#limitBytes = limitBytes
    this.#buffer = Buffer.allocUnsafe(Math.min(Math.max(expectedBytes, 1024), limitBytes))
  }

  append(source: Buffer, start: number, end: number): void {
    const at = this.#extend(end - start)
    source.copy(this.#buffer, at, start, end)
  }

  /** Writes again `count` bytes that begin `distance` bytes back; they may overlap what is being written. */
  repeat(distance: number, count: number): void {
    const at = this.#extend(count)
    const buffer = this.#buffer
    if (distance >= count) {
      buffer.copyWithin(at, at - distance, at - distance + count)
    } else if (distance === 1) {
      buffer.fill(buffer[at - 1] ?? 0, at, at + count)
    } else {
      for (let index = at; index < at + count; index += 1) buffer[index] = buffer[index - distance] ?? 0
    }
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.length)
  }

  #extend(count: number): number {
    const start = this.length
    this.length += count
    if (this.length > this.#limitBytes) throw tooLarge(this.#limitBytes)
    if (this.length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.min(Math.max(this.length, this.#buffer.length * 2), this.#limitBytes))
      this.#buffer.copy(grown, 0, 0, start)
      this.#buffer = grown
    }
    return start
  }
}

export function tooLarge(limitBytes: number): KafkaProtocolError {
  return new KafkaProtocolError('oversize', `A record batch opens to more than the limit of ${limitBytes} bytes.`)
}
