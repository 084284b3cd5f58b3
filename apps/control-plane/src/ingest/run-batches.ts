/**
 * The batches of a coalesced run after its first, packed into one column: three to six bytes each, where a row takes two
 * hundred. So the index stays exact by batch although it has a row per run only.
 */

/** One event of a run: its place in the record, its time (Unix milliseconds), and where its offsets begin. */
export type Batch = { readonly seq: number; readonly atMs: number; readonly firstOffset: number }

/** Each batch as three LEB128 numbers: how far its seq, time and offset are behind those of the one before. */
export function packBatches(first: Batch, later: readonly Batch[]): Buffer {
  const bytes: number[] = []
  const write = (value: number) => {
    let rest = value
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
    bytes.push(rest)
  }
  let previous = first
  for (const batch of later) {
    write(batch.seq - previous.seq)
    write(batch.atMs - previous.atMs)
    write(batch.firstOffset - previous.firstOffset)
    previous = batch
  }
  return Buffer.from(bytes)
}

/** All batches of a run, the first among them. `packed` is what {@link packBatches} made; null: there is only the first. */
export function unpackBatches(first: Batch, packed: Uint8Array | null): readonly Batch[] {
  const batches = [first]
  if (packed === null) return batches
  let position = 0
  const read = () => {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = packed[position++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  let previous = first
  while (position < packed.length) {
    previous = {
      seq: previous.seq + read(),
      atMs: previous.atMs + read(),
      firstOffset: previous.firstOffset + read(),
    }
    batches.push(previous)
  }
  return batches
}
