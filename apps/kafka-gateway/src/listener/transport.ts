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

  /** Writes the buffers as one unit; `done` is called when the kernel has them, or the socket is gone: then they may be reused. */
  write(buffers: readonly Buffer[], done?: () => void): void {
    if (this.#closed || this.#socket.destroyed) {
      done?.()
      return
    }
    if (buffers.length === 1) {
      this.#socket.write(buffers[0] as Buffer, done)
      return
    }
    this.#socket.cork()
    for (let i = 0; i < buffers.length; i++)
      this.#socket.write(buffers[i] as Buffer, i === buffers.length - 1 ? done : undefined)
    this.#socket.uncork()
  }

  /** Gathers what is written until `uncork` into one system call. */
  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
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

  destroy(): void {
    this.#stopped = true
    this.#socket.destroy()
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
