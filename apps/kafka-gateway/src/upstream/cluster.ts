import { apiVersions, decodeResponse, encodeRequest, errorCode, metadata } from '@weir/kafka-protocol'
import type { Api, RequestInputOf, ResponseOf } from '@weir/kafka-protocol'
import { WeirError } from '@weir/kernel'
import type { Clock, Logger } from '@weir/kernel'
import { BrokerConnection } from './broker-connection.ts'
import type { BrokerAddress, UpstreamOptions } from './broker-connection.ts'
import { TopicNames } from './topics.ts'
import { intersectRanges } from './versions.ts'
import type { BrokerVersions } from './versions.ts'

const clientId = 'weir-gateway'
/** Ids and names are asked for with this version: the first with topic ids in requests that all 4.x brokers serve. */
const metadataVersion = 12
const retryMs = { least: 200, most: 5_000 }

/**
 * What the gateway knows of the cluster: brokers, the versions they all speak, topic ids. Learnt over connections of its own,
 * on its own clock, so that nothing that an unauthenticated client sends makes it dial.
 */
export class Cluster {
  readonly topics = new TopicNames()
  #brokers = new Map<number, BrokerAddress>()
  readonly #versions = new Map<number, BrokerVersions>()
  #common: BrokerVersions | undefined
  #control: BrokerConnection | undefined
  #connecting: Promise<BrokerConnection> | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #problem: string | undefined = 'the cluster has not been reached yet'
  #stopped = false
  #correlationId = 0
  #announce: () => void = () => {}
  /** Resolves at the first contact. */
  readonly reached = new Promise<void>((resolve) => {
    this.#announce = resolve
  })
  readonly #bootstrap: readonly BrokerAddress[]
  readonly #options: UpstreamOptions
  readonly #refreshMs: number
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #onBrokers: (ids: readonly number[]) => Promise<void>

  constructor(parts: {
    bootstrap: readonly BrokerAddress[]
    upstream: UpstreamOptions
    refreshMs: number
    logger: Logger
    clock: Clock
    /** Awaited whenever the set of brokers may have changed: ports are opened before anybody hears of a broker. */
    onBrokers: (ids: readonly number[]) => Promise<void>
  }) {
    this.#bootstrap = parts.bootstrap
    this.#options = parts.upstream
    this.#refreshMs = parts.refreshMs
    this.#logger = parts.logger
    this.#clock = parts.clock
    this.#onBrokers = parts.onBrokers
  }

  /** Why the cluster cannot be used now; undefined when it can. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** The versions that all known brokers speak; undefined before the first contact. */
  get versions(): BrokerVersions | undefined {
    return this.#common
  }

  /** Learns once and resolves whatever came of it, then goes on by itself. */
  async start(): Promise<void> {
    await this.#refresh()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#control?.destroy()
  }

  broker(id: number): BrokerAddress | undefined {
    return this.#brokers.get(id)
  }

  /** A broker for a client at the bootstrap address: any, spread evenly. */
  anyBroker(): BrokerAddress | undefined {
    const brokers = [...this.#brokers.values()]
    return brokers[Math.floor(Math.random() * brokers.length)]
  }

  /** Brokers named by an answer on its way to a client: known, and their ports open, before the answer leaves. */
  async learnBrokers(
    brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[],
  ): Promise<void> {
    let changed = false
    for (const { nodeId, host, port } of brokers) {
      const known = this.#brokers.get(nodeId)
      if (known?.host === host && known.port === port) continue
      this.#brokers.set(nodeId, { host, port })
      changed = true
    }
    if (changed) await this.#onBrokers([...this.#brokers.keys()])
  }

  /** Names for topic ids, asking the broker for those not known. Ids that stay unknown have no name afterwards. */
  async resolveTopicIds(ids: Iterable<string>): Promise<void> {
    const unresolved = this.topics.unresolved(ids, this.#clock.now())
    if (unresolved.length === 0) return
    const answer = await this.#metadata(unresolved.map((topicId) => ({ topicId, name: null })))
    for (const topic of answer.topics) {
      if (topic.errorCode === errorCode.NONE && topic.name !== null) this.topics.learn(topic.topicId, topic.name)
      else this.topics.markUnknown(topic.topicId, this.#clock.now())
    }
  }

  /** Asks a broker something for the gateway's own purposes. */
  async ask<A extends Api>(api: A, version: number, body: RequestInputOf<A>): Promise<ResponseOf<A>> {
    const connection = await this.#connection()
    const correlationId = this.#nextCorrelationId()
    const request = encodeRequest(api, version, { correlationId, clientId }, body)
    return decodeResponse(api, version, await connection.exchange(request, correlationId)).body
  }

  #metadata(topics: { topicId: string; name: string | null }[]): Promise<ResponseOf<typeof metadata>> {
    return this.ask(metadata, metadataVersion, {
      topics,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
  }

  async #refresh(): Promise<void> {
    clearTimeout(this.#timer)
    try {
      const answer = await this.#metadata([])
      const named = new Map(answer.brokers.map((b) => [b.nodeId, { host: b.host, port: b.port }]))
      for (const id of this.#versions.keys()) if (!named.has(id)) this.#versions.delete(id)
      await this.#learnVersions(named)
      this.#brokers = named
      await this.#onBrokers([...named.keys()])
      if (this.#problem !== undefined) this.#logger.info({ count: named.size }, 'cluster reached')
      this.#problem = undefined
      this.#failures = 0
      this.#announce()
    } catch (error) {
      this.#failures++
      this.#problem = (error as Error).message
      this.#logger.warn(
        { err: error, code: error instanceof WeirError ? error.code : undefined },
        'cluster not reached',
      )
    }
    if (this.#stopped) return
    const backOffMs = Math.min(retryMs.most, retryMs.least * 2 ** Math.min(this.#failures, 10))
    const delayMs = this.#problem === undefined ? this.#refreshMs : backOffMs * (0.5 + Math.random() / 2)
    this.#timer = setTimeout(() => void this.#refresh(), delayMs)
  }

  /** Brokers differ during a rolling upgrade, so each is asked and only what all of them speak is offered. */
  async #learnVersions(brokers: ReadonlyMap<number, BrokerAddress>): Promise<void> {
    const learnt = await Promise.allSettled(
      [...brokers].map(async ([id, address]) => {
        this.#versions.set(id, await this.#askVersions(address))
      }),
    )
    const failed = learnt.find((result) => result.status === 'rejected')
    if (this.#versions.size === 0 && failed !== undefined) throw failed.reason
    this.#common = intersectRanges([...this.#versions.values()])
  }

  async #askVersions(address: BrokerAddress): Promise<BrokerVersions> {
    const connection = await BrokerConnection.open(address, this.#options, { onClose: () => {}, onDrain: () => {} })
    try {
      const correlationId = this.#nextCorrelationId()
      const request = encodeRequest(
        apiVersions,
        3,
        { correlationId, clientId },
        { clientSoftwareName: 'weir', clientSoftwareVersion: '0.1.0' },
      )
      const { body } = decodeResponse(apiVersions, 3, await connection.exchange(request, correlationId))
      return {
        ranges: new Map(body.apiKeys.map((k) => [k.apiKey, [k.minVersion, k.maxVersion] as const])),
        supportedFeatures: body.supportedFeatures,
        finalizedFeatures: body.finalizedFeatures,
        finalizedFeaturesEpoch: body.finalizedFeaturesEpoch,
      }
    } finally {
      connection.destroy()
    }
  }

  #connection(): Promise<BrokerConnection> {
    if (this.#control !== undefined && !this.#control.closed) return Promise.resolve(this.#control)
    this.#connecting ??= this.#dialAny().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #dialAny(): Promise<BrokerConnection> {
    const candidates = [...this.#brokers.values(), ...this.#bootstrap]
    let last: unknown
    for (const address of candidates) {
      try {
        this.#control = await BrokerConnection.open(address, this.#options, { onClose: () => {}, onDrain: () => {} })
        return this.#control
      } catch (error) {
        last = error
      }
    }
    throw last
  }

  #nextCorrelationId(): number {
    this.#correlationId = (this.#correlationId + 1) % 2 ** 31
    return this.#correlationId
  }
}
