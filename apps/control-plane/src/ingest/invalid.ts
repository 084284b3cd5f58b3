import { WeirError } from '@weir/kernel'

/** An event of a segment that cannot have happened. */
export function invalid(seq: number, what: string): WeirError {
  return new WeirError('WEIR_SEGMENT_INVALID', `Event ${seq} cannot be: ${what}.`)
}
