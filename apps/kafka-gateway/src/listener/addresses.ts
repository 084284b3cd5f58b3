import { WeirError } from '@weir/kernel'

export type Address = { readonly host: string; readonly port: number }

/**
 * The addresses that clients are told: broker n is `host`:`base + n`, so node ids stay as they are and nothing else in any
 * message needs a change.
 */
export class AddressMap {
  readonly #host: string
  readonly #portBase: number

  constructor(options: { host: string; portBase: number }) {
    this.#host = options.host
    this.#portBase = options.portBase
  }

  /** Throws WEIR_LIMIT_EXCEEDED when the node id has no port: a real address must never take its place. */
  of(nodeId: number): Address {
    const port = this.#portBase + nodeId
    if (!Number.isInteger(nodeId) || nodeId < 0 || port > 65_535) {
      throw new WeirError(
        'WEIR_LIMIT_EXCEEDED',
        `Broker ${nodeId} would need port ${port}; lower \`listener.brokerPortBase\`, so that every node id fits below 65536.`,
      )
    }
    return { host: this.#host, port }
  }

  /** A named node as clients see it. Node -1 (no node) is left alone. */
  rewrite<N extends { readonly nodeId: number; readonly host: string; readonly port: number }>(node: N): N {
    return node.nodeId < 0 ? node : { ...node, ...this.of(node.nodeId) }
  }
}
