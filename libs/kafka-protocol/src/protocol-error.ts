/**
 * Why bytes were refused.
 * `truncated`: they end before the value does. `oversize`: a length above its limit, or below zero. `malformed`: anything else that
 * the protocol does not allow. `unknown-api`, `unsupported-version`: a request for which there is no table.
 */
export type KafkaProtocolFault = 'truncated' | 'oversize' | 'malformed' | 'unknown-api' | 'unsupported-version'

/** The only error that reading or writing Kafka bytes throws. Its message holds positions, lengths and names, never payload. */
export class KafkaProtocolError extends Error {
  override readonly name = 'KafkaProtocolError'
  readonly reason: KafkaProtocolFault

  constructor(reason: KafkaProtocolFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
