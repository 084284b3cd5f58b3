import type { KeyObject } from 'node:crypto'
import type { SealedSegment } from '@weir/contracts'
import { BlockFile, frame, scanBlocks } from './block-file.ts'
import { fileName } from './file-name.ts'
import { isJournalKind, journalPrefixBytes } from './journal-block.ts'
import type { Extent } from './journal-block.ts'
import { canonicalSegmentHeader, noPreviousSegment, parseSegmentHeader, segmentHeaderHash } from './segment-header.ts'
import { sealSegment } from './segment.ts'
import type { SpoolFolder } from './spool-folder.ts'

const sealedKind = 0x73
const signatureBytes = 64

/** Where the segments of an epoch stand: what the next one is chained to. */
export type Chain = { readonly nextSeq: number; readonly previousSha256: string }

export const newChain: Chain = { nextSeq: 1, previousSha256: noPreviousSegment }

/** Told of what may be shipped: a file, how far it is durable, and that nothing more will come into it. */
export type SegmentListener = {
  added(file: BlockFile): void
  extended(file: BlockFile, segment: SealedSegment): void
  finished(file: BlockFile): void
}

/** Seals the segments of one epoch into append-only files, one after another, each durable before the listener hears of it. */
export class SegmentWriter {
  readonly #folder: SpoolFolder
  readonly #signingKey: KeyObject
  readonly #fileBytes: number
  readonly #listener: SegmentListener
  #file: BlockFile
  #number: number
  #chain: Chain

  constructor(parts: {
    folder: SpoolFolder
    signingKey: KeyObject
    fileBytes: number
    listener: SegmentListener
    file: BlockFile
    number: number
    chain: Chain
  }) {
    this.#folder = parts.folder
    this.#signingKey = parts.signingKey
    this.#fileBytes = parts.fileBytes
    this.#listener = parts.listener
    this.#file = parts.file
    this.#number = parts.number
    this.#chain = parts.chain
    this.#listener.added(this.#file)
  }

  /** Compresses, signs and stores what the extent holds. Rejects when it cannot; then nothing has changed, and it may be tried again. */
  async seal(extent: Extent): Promise<void> {
    const records = await readRecords(extent)
    const segment = await sealSegment(
      {
        gatewayId: this.#file.head.gatewayId,
        epoch: this.#file.head.epoch,
        firstSeq: extent.firstSeq,
        lastSeq: extent.lastSeq,
        firstAtMs: extent.firstAtMs,
        lastAtMs: extent.lastAtMs,
        previousSha256: this.#chain.previousSha256,
      },
      records,
      this.#signingKey,
    )
    if (this.#file.broken || this.#file.length >= this.#fileBytes) await this.#nextFile()
    const offset = this.#file.append(sealedBlock(segment))
    try {
      await this.#file.sync()
    } catch (error) {
      this.#file.cut(offset)
      throw error
    }
    this.#chain = { nextSeq: extent.lastSeq + 1, previousSha256: segmentHeaderHash(segment.header) }
    this.#listener.extended(this.#file, segment)
  }

  finish(): void {
    this.#listener.finished(this.#file)
  }

  /** The next file is on disk before the last one may go: one of them always tells where the chain stands. */
  async #nextFile(): Promise<void> {
    const { gatewayId, epoch } = this.#file.head
    this.#number++
    const next = await createSegmentFile(this.#folder, { gatewayId, epoch }, this.#number, this.#chain)
    this.#listener.finished(this.#file)
    this.#file = next
    this.#listener.added(next)
  }
}

export async function createSegmentFile(
  folder: SpoolFolder,
  identity: { readonly gatewayId: string; readonly epoch: string },
  number: number,
  chain: Chain,
): Promise<BlockFile> {
  const file = BlockFile.create(folder, fileName(identity.epoch, number, 'segments'), {
    gatewayId: identity.gatewayId,
    epoch: identity.epoch,
    firstSeq: chain.nextSeq,
    previousSha256: chain.previousSha256,
  })
  try {
    await file.sync()
    return file
  } catch (error) {
    file.remove()
    throw error
  }
}

export function isSealedKind(firstByte: number): boolean {
  return firstByte === sealedKind
}

/** kind · u32 length of the header · canonical header · signature · body: what is sent is what is stored, byte for byte. */
function sealedBlock(segment: SealedSegment): Buffer {
  const header = Buffer.from(canonicalSegmentHeader(segment.header))
  const prefix = Buffer.allocUnsafe(5)
  prefix[0] = sealedKind
  prefix.writeUInt32LE(header.length, 1)
  return frame([prefix, header, Buffer.from(segment.signature, 'base64url'), segment.body])
}

/** Throws WEIR_SEGMENT_INVALID when the payload is none of a sealed block. */
export function readSealedBlock(payload: Buffer): SealedSegment {
  const headerEnd = 5 + payload.readUInt32LE(1)
  return {
    header: parseSegmentHeader(payload.toString('utf8', 5, headerEnd)),
    signature: payload.toString('base64url', headerEnd, headerEnd + signatureBytes),
    body: payload.subarray(headerEnd + signatureBytes),
  }
}

async function readRecords(extent: Extent): Promise<Buffer[]> {
  const bytes = await extent.file.read(extent.start, extent.end - extent.start)
  const { blocks, end } = scanBlocks(bytes, extent.start, isJournalKind)
  if (end !== extent.end) throw extent.file.damaged(end)
  return blocks.map((block) => block.payload.subarray(journalPrefixBytes))
}
