import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Bundle, Heartbeat, KeyVerifier, SequencedEvent } from '@weir/contracts'
import { parsePolicy } from '@weir/policy'
import { decodeSegment, parseSegmentHeader } from '@weir/recording'

/** The control plane over http, as far as a gateway sees it, and the issuer of the gateway's own token. */
export class ControlPlaneStandIn {
  readonly heartbeats: Heartbeat[] = []
  readonly events: SequencedEvent['event'][] = []
  readonly #signing = generateKeyPairSync('ed25519')
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  #bundle: Bundle | undefined
  #revision = 0
  #arrived = Promise.withResolvers<void>()

  async start(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** PEM of the key that bundles are signed with. */
  get bundleKey(): string {
    return this.#signing.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  }

  /** Puts a bundle in the place of the last one; who waits for it gets it at once. */
  publish(yaml: string, keys: readonly KeyVerifier[] = [], policyRevision = parsePolicy(yaml).revision): number {
    const policy = { revision: policyRevision, yaml }
    this.#bundle = { version: 1, revision: ++this.#revision, issuedAtMs: Date.now(), policy, keys: [...keys] }
    this.#arrived.resolve()
    this.#arrived = Promise.withResolvers()
    return this.#revision
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray())
    const url = new URL(request.url ?? '/', this.url)
    const send = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (url.pathname === '/.well-known/openid-configuration') {
      send({ issuer: this.url, token_endpoint: `${this.url}/token` })
    } else if (url.pathname === '/token') {
      send({ access_token: 'of-the-gateway', token_type: 'Bearer', expires_in: 600 })
    } else if (request.headers.authorization !== 'Bearer of-the-gateway') {
      response.writeHead(401).end()
    } else if (url.pathname === '/v1/bundles/current') {
      const after = Number(url.searchParams.get('after') ?? -1)
      while (this.#revision <= Math.max(after, 0)) await this.#arrived.promise
      send(this.#signed())
    } else if (url.pathname === '/v1/gateways/heartbeat') {
      this.heartbeats.push(JSON.parse(body.toString()) as Heartbeat)
      send({ now: Date.now(), bundleRevision: this.#revision })
    } else if (url.pathname.startsWith('/v1/evidence/')) {
      const text = Buffer.from(String(request.headers['weir-segment-header']), 'base64url').toString()
      const header = parseSegmentHeader(text)
      this.events.push(...decodeSegment(body).events.map(({ event }) => event))
      send({ outcome: 'stored', nextSeq: header.lastSeq + 1, headSha256: '0'.repeat(64) })
    } else {
      response.writeHead(404).end()
    }
  }

  #signed() {
    const payload = Buffer.from(JSON.stringify(this.#bundle))
    const signature = sign(null, payload, this.#signing.privateKey).toString('base64url')
    return { keyId: 'test', payload: payload.toString('base64url'), signature }
  }
}
