import { KafkaProtocolError } from './protocol-error.ts'
import type { Slab, SlabAccount, SlabPool } from './slabs.ts'

const sizeBytes = 4
const smallestReadBytes = 16 * 1024
/** Reading more at once than this saves nothing measurable and leaves the processor's cache. */
const largestReadBytes = 256 * 1024
/** A connection whose frames are this large keeps a slab in which the next one begins and mostly ends. */
const largestKeptSlabBytes = 1024 * 1024
/** So many nearly empty slabs in a row before a connection is given a smaller one. */
const leanRounds = 8
const nothing = Buffer.alloc(0)

/** One whole frame. Its bytes are valid until `release`, which must be called once they are neither read nor being written. */
export interface Frame {
  /** Contiguous, with the four size bytes in front. */
  readonly bytes: Buffer
  /** Calling it again does nothing. */
  release(): void
}

/** How much memory the peer of a connection may take. */
export type FrameAssemblerOptions = {
  readonly pool: SlabPool
  /** Limit of a frame's size field, in bytes (it does not count itself). */
  readonly maxFrameBytes: number
  /**
   * Up to here a declared size is believed and memory is taken at once; beyond it memory grows fourfold with what really arrived.
   * Default 1 MiB, right for clients. For a trusted upstream, `Infinity` saves the copies of growing.
   */
  readonly eagerBytes?: number
}

/**
 * Cuts a byte stream into frames without copying: the socket reads into `readTarget()`, and frames are slices of what was read.
 * Only the head of a frame that does not fit its slab is moved. Errors: KafkaProtocolError `oversize` from `next`, after which the
 * stream has no frame limits any more and the connection must be closed.
 */
export class FrameAssembler {
  /** May be changed at any time; holds for every size field read from then on. */
  maxFrameBytes: number
  readonly #pool: SlabPool
  readonly #eagerBytes: number
  readonly #account: SlabAccount = { bytes: 0 }
  #slab: Slab
  #closed = false
  #start = 0
  #end = 0
  #offered = 0
  /** Whole length of the frame at `#start`; 0 while its size field has not been read. */
  #frameBytes = 0
  /** The part of `#frameBytes` that memory is provided for. */
  #believedBytes = 0
  #appetiteBytes = smallestReadBytes
  #leanRounds = 0

  constructor(options: FrameAssemblerOptions) {
    this.maxFrameBytes = options.maxFrameBytes
    this.#pool = options.pool
    this.#eagerBytes = options.eagerBytes ?? 1024 * 1024
    this.#slab = this.#pool.take(smallestReadBytes, this.#account)
  }

  /**
   * Where the next bytes shall be read to; not empty. It stays valid until the next call, however long the read takes.
   * Call `next` until it has no more before asking for it. After `close` it is empty, because Node asks once more for a buffer
   * when a connection was ended inside its own read callback.
   */
  readTarget(): Buffer {
    if (this.#closed) return nothing
    this.#makeRoom()
    this.#offered = this.#slab.buffer.length - this.#end
    return this.#end === 0 ? this.#slab.buffer : this.#slab.buffer.subarray(this.#end)
  }

  /** `bytes` have landed at the start of the last `readTarget`. */
  advance(bytes: number): void {
    if (bytes > this.#offered) throw new RangeError(`${bytes} bytes cannot have landed in a target of ${this.#offered}`)
    this.#end += bytes
    // A read that fills a good part of a slab to the brim had more to give.
    if (bytes === this.#offered && bytes * 4 >= this.#slab.buffer.length) {
      this.#appetiteBytes = Math.max(this.#appetiteBytes, Math.min(this.#appetiteBytes * 4, largestReadBytes))
    }
    this.#offered -= bytes
  }

  /** Copies bytes in that came in somebody else's memory, such as a TLS socket's `data` event. */
  write(chunk: Buffer): void {
    let taken = 0
    while (taken < chunk.length && !this.#closed) {
      const copied = chunk.copy(this.readTarget(), 0, taken)
      this.advance(copied)
      taken += copied
    }
  }

  /** The next whole frame, in the order of the stream. Throws KafkaProtocolError `oversize`. */
  next(): Frame | undefined {
    if (!this.#measure() || this.#end - this.#start < this.#frameBytes) return undefined
    const start = this.#start
    this.#start += this.#frameBytes
    this.#frameBytes = 0
    return new SlabFrame(this.#slab, start, this.#start)
  }

  /** Memory held for this stream, in bytes: the slab that is read into and every slab with an unreleased frame. */
  retainedBytes(): number {
    return this.#account.bytes
  }

  /** Gives the memory back. Only when no read can land any more, so after the socket's `close`. Frames stay valid until released. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#slab.release(this.#start, this.#slab.buffer.length)
    this.#start = 0
    this.#end = 0
    this.#frameBytes = 0
    this.#offered = 0
  }

  /** Reads the size field; false while it has not arrived whole. */
  #measure(): boolean {
    if (this.#frameBytes > 0) return true
    if (this.#end - this.#start < sizeBytes) return false
    const size = this.#slab.buffer.readInt32BE(this.#start)
    if (size < 0 || size > this.maxFrameBytes) {
      throw oversize(size, this.maxFrameBytes, this.#slab.buffer.subarray(this.#start, this.#end))
    }
    this.#frameBytes = sizeBytes + size
    this.#believedBytes = Math.min(this.#frameBytes, this.#eagerBytes)
    return true
  }

  #makeRoom(): void {
    const pendingBytes = this.#end - this.#start
    if (pendingBytes === 0 && this.#slab.exclusive) {
      this.#startOver()
      return
    }
    const capacityBytes = this.#slab.buffer.length
    if (this.#frameBytes === 0 || pendingBytes >= this.#frameBytes) {
      // Between frames, or before whole ones were taken out: a small rest is not worth a read of its own.
      if ((capacityBytes - this.#end) * 4 >= capacityBytes) return
      this.#move(pendingBytes * 2 + sizeBytes)
      return
    }
    if (pendingBytes >= this.#believedBytes) this.#believedBytes = Math.min(this.#frameBytes, this.#believedBytes * 4)
    if (this.#start + this.#believedBytes > capacityBytes) this.#move(this.#believedBytes)
  }

  /** Nothing is pending and no frame looks at the slab: its memory is used again from the front, or exchanged for a better size. */
  #startOver(): void {
    const peakBytes = this.#end
    this.#leanRounds = peakBytes * 8 < this.#appetiteBytes ? this.#leanRounds + 1 : 0
    if (this.#leanRounds >= leanRounds) {
      this.#appetiteBytes = Math.max(this.#appetiteBytes / 4, smallestReadBytes)
      this.#leanRounds = 0
    }
    this.#start = 0
    this.#end = 0
    if (this.#slab.buffer.length === this.#appetiteBytes) {
      this.#slab.wipe(0, peakBytes)
    } else {
      this.#slab.release(0, peakBytes)
      this.#slab = this.#pool.take(this.#appetiteBytes, this.#account)
    }
  }

  /** Takes the pending bytes to the front of a slab that has room for `bytes`. */
  #move(bytes: number): void {
    const from = this.#slab
    const wantedBytes = Math.max(bytes, this.#appetiteBytes)
    if (from.exclusive && this.#start > 0 && from.buffer.length >= wantedBytes) {
      from.buffer.copyWithin(0, this.#start, this.#end)
    } else {
      this.#slab = this.#pool.take(wantedBytes, this.#account)
      from.buffer.copy(this.#slab.buffer, 0, this.#start, this.#end)
      from.release(this.#start, this.#end)
      this.#appetiteBytes = Math.max(this.#appetiteBytes, Math.min(this.#slab.buffer.length, largestKeptSlabBytes))
    }
    this.#end -= this.#start
    this.#start = 0
  }
}

class SlabFrame implements Frame {
  readonly bytes: Buffer
  #slab: Slab | undefined
  readonly #start: number

  constructor(slab: Slab, start: number, end: number) {
    slab.hold()
    this.#slab = slab
    this.#start = start
    this.bytes = slab.buffer.subarray(start, end)
  }

  release(): void {
    const slab = this.#slab
    if (slab === undefined) return
    this.#slab = undefined
    slab.release(this.#start, this.#start + this.bytes.length)
  }
}

function oversize(size: number, limit: number, head: Buffer): KafkaProtocolError {
  const problem =
    size < 0 ? `a negative frame size (${size})` : `a frame of ${size} bytes, more than the limit of ${limit}`
  return new KafkaProtocolError('oversize', `The stream announces ${problem}${hint(head)}.`)
}

/** The first bytes of other protocols read as huge sizes; naming them spares an hour of search. */
function hint(head: Buffer): string {
  if ((head[0] === 0x16 || head[0] === 0x15) && head[1] === 0x03) {
    return '; the bytes look like TLS: the other side speaks TLS to a plain-text port'
  }
  if (/^(?:GET |POST|PUT |HEAD|DELE|OPTI|PATC|CONN|TRAC|HTTP|PRI )/.test(head.toString('latin1', 0, sizeBytes))) {
    return '; the bytes look like HTTP'
  }
  return ''
}
