/** Batches that Kafka's own classes wrote (see RecordVectors.java), with the offsets that these say are there. */
import stored from './vectors/record-batches.json' with { type: 'json' }

export type VectorName = keyof typeof stored

export const vectors: Readonly<Record<VectorName, { readonly base64: string; readonly runs: string }>> = stored
export const vectorNames = Object.keys(stored) as VectorName[]

/** The bytes, in memory of their own. */
export function vector(name: VectorName): Buffer {
  return Buffer.from(vectors[name].base64, 'base64')
}
