import type { BlockFile } from './block-file.ts'

/** A finished segment, still in its journal: the blocks from `start` to `end`. */
export type Extent = {
  readonly file: BlockFile
  readonly start: number
  readonly end: number
  readonly firstSeq: number
  readonly lastSeq: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

/**
 * Payload of a journal block: what one group commit wrote of one segment.
 *
 *   u8 kind (begins a segment, or goes on with it) · u48 first seq · u32 events · u48 first time · u48 last time · records
 *
 * A segment is a row of blocks in one file, so its records can be read without decoding them.
 */
export const journalKinds = { begins: 0x62, continues: 0x63 } as const

export const journalPrefixBytes = 1 + 6 + 4 + 6 + 6

export type JournalPrefix = {
  readonly begins: boolean
  readonly firstSeq: number
  readonly events: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

export function writeJournalPrefix(bytes: Buffer, offset: number, prefix: JournalPrefix): void {
  bytes[offset] = prefix.begins ? journalKinds.begins : journalKinds.continues
  bytes.writeUIntLE(prefix.firstSeq, offset + 1, 6)
  bytes.writeUInt32LE(prefix.events, offset + 7)
  bytes.writeUIntLE(prefix.firstAtMs, offset + 11, 6)
  bytes.writeUIntLE(prefix.lastAtMs, offset + 17, 6)
}

export function readJournalPrefix(payload: Buffer): JournalPrefix {
  return {
    begins: payload[0] === journalKinds.begins,
    firstSeq: payload.readUIntLE(1, 6),
    events: payload.readUInt32LE(7),
    firstAtMs: payload.readUIntLE(11, 6),
    lastAtMs: payload.readUIntLE(17, 6),
  }
}

export function isJournalKind(firstByte: number): boolean {
  return firstByte === journalKinds.begins || firstByte === journalKinds.continues
}
