import type { KeyObject } from 'node:crypto'
import { BlockFile, scanBlocks } from './block-file.ts'
import type { Block } from './block-file.ts'
import { isJournalKind, journalPrefixBytes, readJournalPrefix } from './journal-block.ts'
import type { Extent } from './journal-block.ts'
import { noPreviousSegment, segmentHeaderHash } from './segment-header.ts'
import type { SegmentQueue } from './segment-queue.ts'
import { SegmentWriter, createSegmentFile, isSealedKind, newChain, readSealedBlock } from './segment-writer.ts'
import type { Chain } from './segment-writer.ts'
import type { SpoolFile, SpoolFolder } from './spool-folder.ts'

type Parts = {
  readonly folder: SpoolFolder
  readonly queue: SegmentQueue
  readonly signingKey: KeyObject
  readonly fileBytes: number
}

/** Where the segments of an epoch end. `file` is undefined when there are none yet; `chain` when their end cannot be read. */
type Tail = {
  readonly earlier: readonly SpoolFile[]
  readonly file: BlockFile | undefined
  readonly number: number
  readonly chain: Chain | undefined
}

type Journals = {
  readonly extents: readonly Extent[]
  readonly files: readonly BlockFile[]
  /** Names from the damaged one on, and what is wrong with it. */
  readonly damaged: { readonly names: readonly string[]; readonly why: string } | undefined
}

/**
 * Takes over an epoch whose process is gone: cuts torn tails, seals what was written and not sealed, and queues its segments.
 * Damage that no crash explains is quarantined and reported, with everything behind it; what comes before it is kept and shipped.
 */
export async function recoverEpoch(parts: Parts, files: readonly SpoolFile[]): Promise<void> {
  const { folder, queue } = parts
  const names = files.filter((file) => file.kind === 'journal').map((file) => file.name)
  const tail = await findTail(
    folder,
    files.filter((file) => file.kind === 'segments'),
  )
  for (const { name, epoch } of tail.earlier) queue.addFinished(name, epoch)
  if (tail.chain === undefined) {
    for (const name of names) folder.quarantine(name, `the segments that ${name} goes on from cannot be read`)
    return
  }
  const journals = await readJournals(folder, names, tail.chain.nextSeq)
  if (journals.extents.length > 0) {
    await sealExtents(parts, journals.extents, tail)
  } else if (tail.file !== undefined) {
    tail.file.close()
    queue.addFinished(tail.file.name, tail.file.head.epoch)
  }
  for (const file of journals.files) file.remove()
  for (const name of journals.damaged?.names ?? []) folder.quarantine(name, journals.damaged!.why)
}

async function sealExtents(parts: Parts, extents: readonly Extent[], tail: Tail): Promise<void> {
  const chain = tail.chain ?? newChain
  const { gatewayId, epoch } = extents[0]!.file.head
  const file = tail.file ?? (await createSegmentFile(parts.folder, { gatewayId, epoch }, tail.number, chain))
  const writer = new SegmentWriter({ ...parts, listener: parts.queue, file, number: tail.number, chain })
  for (const extent of extents) await writer.seal(extent)
  writer.finish()
}

async function findTail(folder: SpoolFolder, sealed: readonly SpoolFile[]): Promise<Tail> {
  const earlier = [...sealed]
  for (let last = earlier.at(-1); last !== undefined; last = earlier.at(-1)) {
    const file = await BlockFile.open(folder, last.name)
    if (file === undefined && !(await BlockFile.removeUnborn(folder, last.name, isSealedKind))) break
    if (file !== undefined) {
      const chain = await readChain(file)
      if (chain === undefined) {
        file.close()
        break
      }
      return { earlier: earlier.slice(0, -1), file, number: last.number, chain }
    }
    earlier.pop()
  }
  // What is damaged stays in the queue: its good beginning is shipped, and then it is quarantined.
  return { earlier, file: undefined, number: 1, chain: earlier.length === 0 ? newChain : undefined }
}

/** Cuts the torn tail; undefined when the damage is more than that. */
async function readChain(file: BlockFile): Promise<Chain | undefined> {
  const { blocks, damage } = await readBlocks(file, isSealedKind)
  if (damage) return undefined
  const last = blocks.at(-1)
  if (last === undefined) {
    return { nextSeq: file.head.firstSeq, previousSha256: file.head.previousSha256 ?? noPreviousSegment }
  }
  try {
    const { header } = readSealedBlock(last.payload)
    return { nextSeq: header.lastSeq + 1, previousSha256: segmentHeaderHash(header) }
  } catch {
    // A block that was checked and still makes no sense is damage like any other; its reader reports what is wrong with it.
    return undefined
  }
}

async function readBlocks(file: BlockFile, isKind: (firstByte: number) => boolean) {
  const scan = scanBlocks(await file.read(file.start, file.length - file.start), file.start, isKind)
  if (!scan.damage && scan.end < file.length) file.cut(scan.end)
  return scan
}

/** The segments from `nextSeq` on that are written and not sealed. */
async function readJournals(folder: SpoolFolder, names: readonly string[], nextSeq: number): Promise<Journals> {
  const extents: Extent[] = []
  const files: BlockFile[] = []
  for (const [index, name] of names.entries()) {
    const damaged = (why: string): Journals => ({ extents, files, damaged: { names: names.slice(index), why } })
    const file = await BlockFile.open(folder, name)
    if (file === undefined) {
      if (await BlockFile.removeUnborn(folder, name, isJournalKind)) continue
      return damaged(`the head of ${name} cannot be read`)
    }
    const { blocks, end, damage } = await readBlocks(file, isJournalKind)
    const found = readExtents(file, blocks)
    for (const extent of found.extents) {
      const expected = (extents.at(-1)?.lastSeq ?? nextSeq - 1) + 1
      if (extent.lastSeq < expected) continue
      if (extent.firstSeq !== expected) {
        file.close()
        return damaged(`${name} goes on with event ${extent.firstSeq} where ${expected} should be`)
      }
      extents.push(extent)
    }
    if (damage || found.broken) return damaged(`${name} is not readable from byte ${found.broken ?? end} on`)
    files.push(file)
  }
  return { extents, files, damaged: undefined }
}

/** The segments of one journal; `broken` is where its blocks cease to follow one another. */
function readExtents(file: BlockFile, blocks: readonly Block[]): { extents: Extent[]; broken: number | undefined } {
  const extents: Extent[] = []
  for (const { offset, end, payload } of blocks) {
    if (payload.length < journalPrefixBytes) return { extents, broken: offset }
    const { begins, firstSeq, events, firstAtMs, lastAtMs } = readJournalPrefix(payload)
    const before = extents.at(-1)
    if (before !== undefined && firstSeq !== before.lastSeq + 1) return { extents, broken: offset }
    const lastSeq = firstSeq + events - 1
    if (begins) extents.push({ file, start: offset, end, firstSeq, lastSeq, firstAtMs, lastAtMs })
    else if (before === undefined) return { extents, broken: offset }
    else extents[extents.length - 1] = { ...before, end, lastSeq, lastAtMs }
  }
  return { extents, broken: undefined }
}
