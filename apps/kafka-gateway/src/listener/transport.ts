/**
 * Bytes in, frames out, with one own read buffer per socket.
 *
 * Node allocates 64 KiB for every read unless a socket is made with `onread`; reading into a slab that is reused nearly
 * halves the cost of relaying (docs/performance.md). `onread` is public for sockets that are dialled. An accepted socket
 * gets it by moving its handle into a new Socket: an undocumented option, so it is confined to `adoptAccepted`, falls
 * back to 'data' events, and a test says which of the two is in use.
 */
import { Socket, connect } from 'node:net'
import type { NetConnectOpts, SocketConstructorOpts } from 'node:net'
import { FrameAssembler } from '@weir/kafka-protocol'
import type { Frame, SlabPool } from '@weir/kafka-protocol'

export type TransportEvents = {
  /** Complete frames of one read, in order. The receiver releases each frame when its bytes are no longer needed. */
  onFrames(frames: Frame[]): void
  /** The bytes are no frames: nothing more is read. */
  onMalformed(error: Error): void
  /** Once, after which nothing else is called. */
  onClose(error: Error | undefined): void
  /** Everything written has left for the kernel. */
  onDrain(): void
}

export type TransportOptions = {
  readonly pool: SlabPool
  readonly maxFrameBytes: number
  /** Memory that may be taken on the word of a frame’s size alone; small for peers that are not trusted. */
  readonly eagerBytes?: number
  readonly events: TransportEvents
}

type AcceptedSocket = Socket & { _handle?: unknown }

export class Transport {
  readonly #socket: Socket
  readonly #assembler: FrameAssembler
  readonly #events: TransportEvents
  /** True when reads land in the assembler's own slab. */
  readonly readsInPlace: boolean
  #gathering = false
  #paused = false
  #stopped = false
  #closed = false
  #error: Error | undefined

  private constructor(
    make: (assembler: FrameAssembler, onRead: (count: number) => boolean) => { socket: Socket; readsInPlace: boolean },
    options: TransportOptions,
  ) {
    const { events, ...assembly } = options
    this.#assembler = new FrameAssembler(assembly)
    this.#events = events
    const { socket, readsInPlace } = make(this.#assembler, (count) => this.#onRead(count))
    this.#socket = socket
    this.readsInPlace = readsInPlace
    socket.setNoDelay(true)
    socket.on('drain', () => this.#events.onDrain())
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      this.#closed = true
      this.#assembler.close()
      this.#events.onClose(this.#error)
    })
    if (!readsInPlace) {
      socket.on('data', (chunk: Buffer) => {
        this.#assembler.write(chunk)
        this.#deliver()
      })
      // A socket that was accepted paused stays so, whoever listens for its data.
      socket.resume()
    }
  }

  /** Takes over a socket that a server accepted with `pauseOnConnect`. */
  static accept(accepted: Socket, options: TransportOptions): Transport {
    return new Transport((assembler, onRead) => adoptAccepted(accepted, assembler, onRead), options)
  }

  /** A socket with TLS or other layers on it: read by events, copied once. */
  static wrap(socket: Socket, options: TransportOptions): Transport {
    return new Transport(() => ({ socket, readsInPlace: false }), options)
  }

  /** Dials over plain TCP. */
  static dial(address: { host: string; port: number }, options: TransportOptions, onConnect: () => void): Transport {
    return new Transport((assembler, onRead) => {
      const socket = connect({
        ...address,
        onread: { buffer: () => assembler.readTarget(), callback: (count: number) => onRead(count) },
      } as NetConnectOpts)
      socket.once('connect', onConnect)
      return { socket, readsInPlace: true }
    }, options)
  }

  set maxFrameBytes(bytes: number) {
    this.#assembler.maxFrameBytes = bytes
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  get closed(): boolean {
    return this.#closed
  }

  get remote(): { address: string; port: number } {
    return { address: this.#socket.remoteAddress ?? '', port: this.#socket.remotePort ?? 0 }
  }

  /**
   * Sends the buffers; `done` is called when the kernel has them, or the socket is gone: then they may be reused.
   * All that is written in one turn of the event loop leaves in one system call: a write wakes the peer, which costs more
   * than a small answer does.
   */
  write(buffers: readonly Buffer[], done?: () => void): void {
    if (this.#closed || this.#socket.destroyed) {
      done?.()
      return
    }
    if (!this.#gathering) {
      this.#gathering = true
      this.#socket.cork()
      process.nextTick(() => this.#flush())
    }
    const last = buffers.length - 1
    for (let i = 0; i <= last; i++) this.#socket.write(buffers[i] as Buffer, i === last ? done : undefined)
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused || this.#stopped) return
    this.#paused = false
    this.#socket.resume()
  }

  /** Reads nothing more; what was written still leaves, then the connection ends. */
  end(): void {
    this.#stopped = true
    this.pause()
    this.#socket.end(() => this.#socket.destroy())
  }

  /** What was written before is handed to the kernel, as far as it takes it at once. */
  destroy(): void {
    this.#stopped = true
    this.#flush()
    this.#socket.destroy()
  }

  #flush(): void {
    if (!this.#gathering) return
    this.#gathering = false
    this.#socket.uncork()
  }

  #onRead(count: number): boolean {
    this.#assembler.advance(count)
    this.#deliver()
    return !this.#paused
  }

  #deliver(): void {
    if (this.#stopped) return
    const frames: Frame[] = []
    try {
      for (let frame = this.#assembler.next(); frame !== undefined; frame = this.#assembler.next()) frames.push(frame)
    } catch (error) {
      this.#stopped = true
      this.pause()
      if (frames.length > 0) this.#events.onFrames(frames)
      this.#events.onMalformed(error as Error)
      return
    }
    if (frames.length > 0) this.#events.onFrames(frames)
  }
}

function adoptAccepted(
  accepted: AcceptedSocket,
  assembler: FrameAssembler,
  onRead: (count: number) => boolean,
): { socket: Socket; readsInPlace: boolean } {
  const handle = accepted._handle
  if (handle === undefined || handle === null) return { socket: accepted, readsInPlace: false }
  // The old object must not close the handle that the new one owns now.
  accepted._handle = null
  const socket = new Socket({
    handle,
    onread: { buffer: () => assembler.readTarget(), callback: (count: number) => onRead(count) },
  } as unknown as SocketConstructorOpts)
  // The server counts its connections by the objects that it made.
  socket.once('close', () => accepted.destroy())
  socket.resume()
  return { socket, readsInPlace: true }
}
