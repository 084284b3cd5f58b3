/** A bare Kafka client on a socket: frames out, answers in, nothing hidden. For what no client library would send. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { apiVersions, decodeResponse, encodeRequest, saslAuthenticate, saslHandshake } from '@weir/kafka-protocol'
import type { Api, RequestInputOf, ResponseOf } from '@weir/kafka-protocol'

export class WireClient {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #waiting: { resolve: (message: Buffer) => void; reject: (error: Error) => void }[] = []
  #messages: Buffer[] = []
  #correlationId = 0
  #ended = false
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#ended = true
        for (const { reject } of this.#waiting) reject(new Error('the connection was closed'))
        this.#waiting = []
        resolve()
      })
    })
  }

  /** Over TLS where there are options for it. */
  static async open(bootstrap: string, tls?: ConnectionOptions): Promise<WireClient> {
    const [host, port] = bootstrap.split(':')
    const address = { host: host as string, port: Number(port) }
    const socket = tls === undefined ? connect(address) : connectTls({ ...address, ...tls })
    await new Promise((resolve, reject) => {
      socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve)
      socket.once('error', reject)
    })
    return new WireClient(socket)
  }

  /** A connection that has logged in by PLAIN: with a token at a gateway, with a user's password at a broker. */
  static async login(bootstrap: string, password: string, user?: string): Promise<WireClient> {
    const client = await WireClient.open(bootstrap)
    const result = await client.authenticate(password, user)
    if (result.errorCode !== 0) throw new Error(`login failed: ${result.errorMessage}`)
    return client
  }

  async authenticate(password: string, user = 'user'): Promise<ResponseOf<typeof saslAuthenticate>> {
    await this.ask(saslHandshake, 1, { mechanism: 'PLAIN' })
    return this.ask(saslAuthenticate, 2, { authBytes: Buffer.from(`\0${user}\0${password}`) })
  }

  versions(version = 3): Promise<ResponseOf<typeof apiVersions>> {
    return this.ask(apiVersions, version, { clientSoftwareName: 'wire', clientSoftwareVersion: '1' })
  }

  async ask<A extends Api>(
    api: A,
    version: number,
    body: RequestInputOf<A>,
    clientId?: string,
  ): Promise<ResponseOf<A>> {
    const correlationId = this.post(api, version, body, clientId)
    const answer = decodeResponse(api, version, await this.next())
    if (answer.correlationId !== correlationId)
      throw new Error(`answer ${answer.correlationId} to request ${correlationId}`)
    return answer.body
  }

  /** Sends without waiting; returns the correlation id. */
  post<A extends Api>(api: A, version: number, body: RequestInputOf<A>, clientId = 'wire'): number {
    const correlationId = ++this.#correlationId
    this.raw(encodeRequest(api, version, { correlationId, clientId }, body))
    return correlationId
  }

  raw(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** The next answer, without its size. */
  next(): Promise<Buffer> {
    const message = this.#messages.shift()
    if (message !== undefined) return Promise.resolve(message)
    if (this.#ended) return Promise.reject(new Error('the connection was closed'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  get received(): number {
    return this.#messages.length
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const end = 4 + this.#received.readInt32BE(0)
      const message = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#messages.push(message)
      else waiting.resolve(message)
    }
  }
}
