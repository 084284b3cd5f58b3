import { KafkaProtocolError } from './protocol-error.ts'

/**
 * An int64 as a number, without the bigint that `readBigInt64BE` allocates. Positions, producer ids and watermarks fit: what does not
 * is refused rather than rounded. The caller has checked that eight bytes are there.
 */
export function readSafeInt64(buffer: Buffer, offset: number): number {
  const value = buffer.readInt32BE(offset) * 0x1_0000_0000 + buffer.readUInt32BE(offset + 4)
  if (!Number.isSafeInteger(value)) {
    throw new KafkaProtocolError('malformed', `An int64 at byte ${offset} is beyond 2^53.`)
  }
  return value
}
