import { KafkaProtocolError, type KafkaProtocolFault } from './protocol-error.ts'

/** A fault on its way up through the fields: each level puts its own name in front of the path. */
export class ValueFault extends Error {
  readonly reason: KafkaProtocolFault
  path = ''

  constructor(reason: KafkaProtocolFault, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.reason = reason
  }
}

/** The fault with one more step of its path. What the Buffer methods throw (a number out of range, a wrong type) is a fault too. */
export function faultAt(step: string, error: unknown): unknown {
  if (error instanceof RangeError || error instanceof TypeError) {
    const fault = new ValueFault('malformed', error.message, { cause: error })
    fault.path = step
    return fault
  }
  if (error instanceof ValueFault) error.path = step + error.path
  return error
}

/** What leaves the codec: the same fault with its whole path, as in `CreateTopicsRequest.topics[3].name: …`. */
export function protocolError(message: string, error: unknown): unknown {
  const fault = faultAt(message, error)
  return fault instanceof ValueFault
    ? new KafkaProtocolError(fault.reason, `${fault.path}: ${fault.message}`, { cause: fault.cause })
    : fault
}
