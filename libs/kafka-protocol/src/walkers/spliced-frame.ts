import { ByteWriter } from '../codec-writer.ts'

/** Below this a copy is cheaper than one more buffer in a vectored write. */
const leastSplicedBytes = 1024

/** A frame made of new bytes and long stretches of an older one, which are not copied. */
export class SplicedFrame {
  /** For the new bytes. The size prefix is already in it. */
  readonly writer = new ByteWriter()
  readonly #source: Buffer
  readonly #splices: { readonly at: number; bytes: Buffer }[] = []
  /** Where in the source the last splice ends, while nothing was written after it. */
  #sourceEnd = -1

  constructor(source: Buffer) {
    this.#source = source
    this.writer.int32(0)
  }

  /** The bytes `start`..`end` of the older frame. */
  keep(start: number, end: number): void {
    const last = this.#splices.at(-1)
    if (last !== undefined && last.at === this.writer.offset && this.#sourceEnd === start) {
      last.bytes = this.#source.subarray(end - last.bytes.length - (end - start), end)
      this.#sourceEnd = end
    } else if (end - start < leastSplicedBytes) {
      this.writer.slice(this.#source.subarray(start, end))
    } else {
      this.splice(this.#source.subarray(start, end))
      this.#sourceEnd = end
    }
  }

  /** Bytes from elsewhere, however few. */
  splice(bytes: Buffer): void {
    this.#splices.push({ at: this.writer.offset, bytes })
    this.#sourceEnd = -1
  }

  count(count: number, flexible: boolean): void {
    if (flexible) this.writer.varint(count + 1)
    else this.writer.int32(count)
  }

  /** The whole frame with its size, in order, for one vectored write. */
  buffers(): Buffer[] {
    const head = this.writer.frame()
    const buffers: Buffer[] = []
    let written = 0
    let bytes = head.length
    for (const splice of this.#splices) {
      if (splice.at > written) buffers.push(head.subarray(written, splice.at))
      if (splice.bytes.length > 0) buffers.push(splice.bytes)
      written = splice.at
      bytes += splice.bytes.length
    }
    if (written < head.length) buffers.push(head.subarray(written))
    head.writeInt32BE(bytes - 4)
    return buffers
  }
}
