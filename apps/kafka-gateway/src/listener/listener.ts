import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { listen } from '@weir/kernel'
import type { Logger } from '@weir/kernel'
import type { AddressMap } from './addresses.ts'

/**
 * The ports of one gateway: the bootstrap port, and one per broker, opened when the broker becomes known.
 * A port once opened stays: clients may come back to a broker that is away for a while.
 */
export class Listener {
  readonly #servers = new Map<number | 'bootstrap', Server>()
  readonly #opening = new Map<number, Promise<void>>()
  readonly #host: string
  readonly #bootstrapPort: number
  readonly #addresses: AddressMap
  readonly #logger: Logger
  readonly #onSocket: (socket: Socket, brokerId: number | undefined) => void

  constructor(parts: {
    host: string
    port: number
    addresses: AddressMap
    logger: Logger
    /** A client came in at the port of this broker; `undefined`: at the bootstrap port. */
    onSocket: (socket: Socket, brokerId: number | undefined) => void
  }) {
    this.#host = parts.host
    this.#bootstrapPort = parts.port
    this.#addresses = parts.addresses
    this.#logger = parts.logger
    this.#onSocket = parts.onSocket
  }

  async openBootstrap(): Promise<void> {
    this.#servers.set('bootstrap', await this.#listen(this.#bootstrapPort, undefined))
    this.#logger.info({ address: `${this.#host}:${this.#bootstrapPort}` }, 'listening')
  }

  /** Opens what is not open yet; resolves when all of them accept connections. */
  async ensureBrokers(ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#ensure(id)))
  }

  async stop(): Promise<void> {
    const servers = [...this.#servers.values()]
    this.#servers.clear()
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  }

  #ensure(id: number): Promise<void> {
    if (this.#servers.has(id)) return Promise.resolve()
    let opening = this.#opening.get(id)
    if (opening === undefined) {
      const { port } = this.#addresses.of(id)
      opening = this.#listen(port, id)
        .then((server) => {
          this.#servers.set(id, server)
          this.#logger.info({ address: `${this.#host}:${port}`, broker: id }, 'listening')
        })
        .finally(() => this.#opening.delete(id))
      this.#opening.set(id, opening)
    }
    return opening
  }

  async #listen(port: number, brokerId: number | undefined): Promise<Server> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#onSocket(socket, brokerId))
    const what = brokerId === undefined ? 'bootstrap' : `broker ${brokerId}`
    const setting = brokerId === undefined ? 'listener.bind' : 'listener.brokerPortBase'
    await listen(server, { host: this.#host, port }, what, setting)
    return server
  }
}
