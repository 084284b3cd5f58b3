import { createServer, connect } from 'node:net'
import type { Server, Socket } from 'node:net'

/** A TCP relay in front of the broker that can refuse, and cut an answer after so many bytes. */
export class Relay {
  refusing = false
  cutAfterBytes: number | undefined
  /** Answers of the broker are held back this long. */
  answerDelayMs = 0
  bytesToClients = 0
  readonly #target: number
  #server: Server | undefined
  readonly #sockets = new Set<Socket>()

  constructor(target: number) {
    this.#target = target
  }

  listen(port: number): Promise<void> {
    this.#server = createServer((client) => this.#serve(client))
    return new Promise((resolve) => this.#server?.listen(port, '127.0.0.1', () => resolve()))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  #serve(client: Socket): void {
    if (this.refusing) {
      client.destroy()
      return
    }
    const broker = connect(this.#target, '127.0.0.1')
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        broker.destroy()
      })
    }
    client.pipe(broker)
    let sent = 0
    broker.on('data', (chunk: Buffer) => {
      if (this.answerDelayMs > 0) {
        setTimeout(() => client.write(chunk), this.answerDelayMs)
        return
      }
      sent += chunk.length
      this.bytesToClients += chunk.length
      if (this.cutAfterBytes !== undefined && sent > this.cutAfterBytes) {
        client.resetAndDestroy()
        return
      }
      if (!client.write(chunk)) {
        broker.pause()
        client.once('drain', () => broker.resume())
      }
    })
  }
}
