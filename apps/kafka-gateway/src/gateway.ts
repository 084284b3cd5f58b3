import type { Socket } from 'node:net'
import type { GatewayFrame } from '@weir/guard'
import { SlabPool } from '@weir/kafka-protocol'
import { systemClock } from '@weir/kernel'
import type { Logger, Metrics } from '@weir/kernel'
import type { KafkaGatewayConfig } from './config.ts'
import type { Services } from './enforcement/enforcement.ts'
import { AddressMap } from './listener/addresses.ts'
import { Listener } from './listener/listener.ts'
import { TlsTermination } from './listener/tls-termination.ts'
import { ClientConnection } from './session/client-connection.ts'
import { GroupSightings } from './session/group-sightings.ts'
import { Cluster } from './upstream/cluster.ts'
import type { UpstreamOptions } from './upstream/broker-connection.ts'

const sweepMs = 10_000
/** Slabs kept for reuse over all connections; more than this is given back to the garbage collector. */
const maxPooledBytes = 256 * 1024 * 1024

/**
 * The Kafka gateway in one process: cluster knowledge, ports, connections. `start` returns when the bootstrap port is open;
 * it waits for the first policy and the first contact with the cluster, so that nobody is let in before there is an answer.
 */
export class KafkaGateway {
  readonly #connections = new Set<ClientConnection>()
  readonly #config: KafkaGatewayConfig
  readonly #logger: Logger
  readonly #frame: GatewayFrame
  readonly #cluster: Cluster
  readonly #listener: Listener
  readonly #tls: TlsTermination | undefined
  readonly #services: Services
  readonly #upstream: UpstreamOptions
  readonly #metrics: { connections: () => void; rejected: () => void }
  #sweeper: NodeJS.Timeout | undefined
  #listening = false
  #onEmpty: (() => void) | undefined

  constructor(parts: { config: KafkaGatewayConfig; frame: GatewayFrame; logger: Logger; metrics: Metrics }) {
    const { config, frame, logger } = parts
    const { listener, upstream, limits } = config
    this.#config = config
    this.#logger = logger
    this.#frame = frame
    const addresses = new AddressMap({
      host: listener.advertisedHost ?? listener.bind.host,
      portBase: listener.brokerPortBase ?? listener.bind.port + 1,
    })
    this.#listener = new Listener({
      ...listener.bind,
      addresses,
      logger,
      onSocket: (socket, brokerId) => this.#accept(socket, brokerId),
    })
    this.#tls =
      listener.tls &&
      new TlsTermination({
        tls: listener.tls,
        timeoutMs: limits.authenticationTimeout,
        logger,
        metrics: parts.metrics,
      })
    this.#upstream = { tls: upstream.tls, sasl: upstream.sasl, limits, pool: new SlabPool({ maxPooledBytes }) }
    this.#cluster = new Cluster({
      bootstrap: upstream.bootstrap,
      upstream: this.#upstream,
      refreshMs: upstream.refresh,
      logger,
      clock: systemClock,
      onBrokers: (ids) => this.#listener.ensureBrokers(ids),
    })
    this.#services = {
      guard: frame.guard,
      cluster: this.#cluster,
      addresses,
      groups: new GroupSightings(),
      clock: systemClock,
      limits,
    }
    const connections = parts.metrics.gauge('weir_kafka_connections_count', 'Open client connections')
    const rejected = parts.metrics.counter(
      'weir_kafka_connections_rejected_total',
      'Connections above limits.maxConnections',
    )
    this.#metrics = { connections: () => connections.set(this.#connections.size), rejected: () => rejected.inc() }
  }

  async start(): Promise<void> {
    this.#frame.addReadiness('cluster', () => this.#cluster.problem)
    this.#frame.addReadiness('listener', () => (this.#listening ? undefined : 'not listening yet'))
    await Promise.all([this.#frame.hasPolicy, this.#cluster.start()])
    await this.#cluster.reached
    await this.#listener.openBootstrap()
    this.#listening = true
    this.#sweeper = setInterval(() => {
      const now = systemClock.monotonicMs()
      for (const connection of this.#connections) connection.closeIfIdle(now)
    }, sweepMs)
    this.#sweeper.unref()
  }

  /** Accepts nobody new, lets connections finish what they asked within the drain time, then ends them. */
  async stop(): Promise<void> {
    this.#listening = false
    clearInterval(this.#sweeper)
    const closed = this.#listener.stop()
    this.#tls?.stop()
    for (const connection of this.#connections) connection.drain()
    const deadline = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy('drained')
    }, this.#config.drain / 2)
    await closed
    await this.#emptied()
    clearTimeout(deadline)
    this.#cluster.stop()
  }

  /** Connections whose last answers are still being put on record count until they are. */
  #emptied(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onEmpty = resolve
    })
  }

  #accept(socket: Socket, brokerId: number | undefined): void {
    const count = this.#connections.size + (this.#tls?.pending ?? 0)
    if (!this.#listening || count >= this.#config.limits.maxConnections) {
      if (this.#listening) this.#metrics.rejected()
      socket.destroy()
      return
    }
    if (this.#tls === undefined) this.#open(socket, brokerId, 0)
    else this.#tls.secure(socket, (secure) => this.#open(secure.socket, brokerId, secure.tookMs))
  }

  #open(socket: Socket, brokerId: number | undefined, handshakeMs: number): void {
    const connection = new ClientConnection(socket, {
      handshakeMs,
      services: this.#services,
      pool: this.#upstream.pool,
      upstream: this.#upstream,
      logger: this.#logger,
      target: () => (brokerId === undefined ? this.#cluster.anyBroker() : this.#cluster.broker(brokerId)),
      onClosed: (closed) => {
        this.#connections.delete(closed)
        if (this.#connections.size === 0) this.#onEmpty?.()
        this.#metrics.connections()
      },
    })
    this.#connections.add(connection)
    this.#metrics.connections()
  }
}
