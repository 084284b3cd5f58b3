import { KafkaProtocolError, type KafkaProtocolFault } from './protocol-error.ts'

/** A fault on its way up through the fields: each level puts its own name in front of the path. */
export class ValueFault extends Error {
  readonly reason: KafkaProtocolFault
  path = ''

  constructor(reason: KafkaProtocolFault, detail: string) {
    super(detail)
    this.reason = reason
  }
}

/** The same error; if it is a fault, with one more step of its path. */
export function faultAt(step: string, error: unknown): unknown {
  if (error instanceof ValueFault) error.path = step + error.path
  return error
}

/** What leaves the codec: the same fault with its whole path, as in `CreateTopicsRequest.topics[3].name: …`. */
export function protocolError(message: string, error: unknown): unknown {
  const fault = faultAt(message, error)
  if (!(fault instanceof ValueFault)) return fault
  return new KafkaProtocolError(fault.reason, `${fault.path}: ${fault.message}`)
}
