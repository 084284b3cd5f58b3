import type { KeyObject } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import type { Durability, EvidenceEvent, Recorded, Recorder, SealedSegment, SegmentHeader } from '@weir/contracts'
import { WeirError, newId } from '@weir/kernel'
import type { Clock } from '@weir/kernel'
import { nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'
import { lockFolder } from './folder-lock.ts'
import { Journal } from './journal.ts'
import { recoverEpoch } from './recovery.ts'
import { Sealer } from './sealer.ts'
import { SegmentQueue } from './segment-queue.ts'
import { SegmentWriter, createSegmentFile, newChain } from './segment-writer.ts'
import { segmentLimits } from './segment.ts'
import { SpoolFolder } from './spool-folder.ts'

const mebibyte = 1024 * 1024

/** How long a buffered event may be written and not yet be on disk. */
const lingerMs = 20
/** A file is followed by the next one at this size, so that shipped evidence frees its disk soon. */
const mostFileBytes = 8 * mebibyte
const sealAfterBytes = mebibyte
const defaultQuotaBytes = 20 * 1024 * mebibyte
const leastQuotaBytes = 128 * 1024

/** Where a spool is and what it may take. */
export type SpoolOptions = {
  /** Made when missing (0700); one process at a time. */
  readonly dir: string
  readonly gatewayId: string
  /** See `installationKey`. */
  readonly signingKey: KeyObject
  readonly clock: Clock
  /** A segment is sealed at most this long after its first event. Default 1,000. */
  readonly sealAfterMs?: number
  /** … or when it has this many events. Default 1,000. */
  readonly sealAfterEvents?: number
  /** Of the folder; beyond it nothing is recorded. Default 20 GiB, at least 128 KiB. */
  readonly quotaBytes?: number
  /** Hears of what `append` and `next` cannot say: the disk fails, evidence is damaged. Default: a warning of the process. */
  readonly onFault?: (error: WeirError) => void
  readonly fileSystem?: FileSystem
}

/** The record of one gateway process on its way from memory to the control plane. */
export interface Spool extends Recorder {
  /** Name of this process's part of the record; events are numbered gapless within it. */
  readonly epoch: string
  /** Disk in use. */
  bytes(): number
  /** Age of the oldest event that is not acknowledged, in milliseconds; 0 when all are. */
  oldestUnshippedMs(): number
  /**
   * The oldest sealed segment that is not acknowledged; waits for one. Segments that an earlier process left come first.
   * The same segment until it is acknowledged. One caller at a time. Rejects with the reason of `signal`, or when the disk cannot be read.
   */
  next(signal: AbortSignal): Promise<SealedSegment>
  /** The control plane has it: its bytes may be deleted. */
  acknowledge(header: SegmentHeader): Promise<void>
  /** The control plane has a gap: goes back to `nextSeq`. False when that is not here any more. */
  rewind(epoch: string, nextSeq: number): Promise<boolean>
  /** This epoch cannot be shipped (the control plane holds other evidence in its place): it is kept, and handed out no more by this process. */
  setAside(epoch: string): void
  /** Seals what is open, makes it durable and gives the folder free. End what calls `next` before. */
  close(): Promise<void>
}

/**
 * Opens the spool in `dir` and begins an epoch. What earlier processes left is recovered first: nothing that was written is lost.
 * Throws WEIR_SPOOL_IN_USE when another process has it, WEIR_EVIDENCE_UNRECORDABLE when the disk cannot be written.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const lock = lockFolder(options.dir)
  const onFault = options.onFault ?? ((error) => process.emitWarning(error))
  const folder = new SpoolFolder(options.fileSystem ?? nodeFileSystem, options.dir, onFault)
  const queue = new SegmentQueue(folder)
  try {
    return await begin(options, folder, queue, () => lock.release(), onFault)
  } catch (error) {
    queue.close()
    lock.release()
    if (error instanceof WeirError) throw error
    const what = `The evidence spool ${options.dir} cannot be opened: ${String(error)}. Look at the disk and at the rights on the folder.`
    throw new WeirError('WEIR_EVIDENCE_UNRECORDABLE', what, { cause: error })
  }
}

async function begin(
  options: SpoolOptions,
  folder: SpoolFolder,
  queue: SegmentQueue,
  release: () => void,
  onFault: (error: WeirError) => void,
): Promise<Spool> {
  const { gatewayId, signingKey, clock } = options
  const quotaBytes = Math.max(options.quotaBytes ?? defaultQuotaBytes, leastQuotaBytes)
  // Files are dropped whole; were one of them a large part of the quota, it could fill up with evidence that is shipped already.
  const fileBytes = Math.min(mostFileBytes, quotaBytes / 8)
  const recovery = { folder, queue, signingKey, fileBytes }
  const left = Map.groupBy(folder.takeStock(), (file) => file.epoch)
  for (const files of left.values()) await recoverEpoch(recovery, files)

  const identity = { gatewayId, epoch: newId('epo') }
  const file = await createSegmentFile(folder, identity, 1, newChain)
  const writer = new SegmentWriter({ ...recovery, listener: queue, file, number: 1, chain: newChain })
  const limits = {
    sealAfterEvents: Math.min(options.sealAfterEvents ?? 1_000, segmentLimits.events),
    sealAfterMs: options.sealAfterMs ?? 1_000,
    sealAfterBytes,
    fileBytes,
    quotaBytes,
    lingerMs,
  }
  const journal: Journal = new Journal({
    folder,
    identity,
    clock,
    limits,
    onSegment: (extent) => sealer.add(extent),
    onFault,
  })
  const sealer = new Sealer({ folder, writer, release: (sealedSeq) => journal.release(sealedSeq) })
  // So that the age of what was left is known before anybody asks.
  await queue.peek()
  return new EvidenceSpool({ epoch: identity.epoch, folder, queue, journal, sealer, writer, clock, release })
}

type Parts = {
  readonly epoch: string
  readonly folder: SpoolFolder
  readonly queue: SegmentQueue
  readonly journal: Journal
  readonly sealer: Sealer
  readonly writer: SegmentWriter
  readonly clock: Clock
  readonly release: () => void
}

class EvidenceSpool implements Spool {
  readonly epoch: string
  readonly #parts: Parts
  readonly #journal: Journal
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.epoch = parts.epoch
    this.#parts = parts
    this.#journal = parts.journal
  }

  append(event: EvidenceEvent, durability: Durability): Recorded {
    return this.#journal.append(event, durability)
  }

  bytes(): number {
    return this.#parts.folder.usedBytes
  }

  oldestUnshippedMs(): number {
    const { queue, sealer, journal, clock } = this.#parts
    const oldestMs = queue.oldestMs ?? sealer.waitingSinceMs ?? journal.openSinceMs
    return oldestMs === undefined ? 0 : Math.max(0, clock.now() - oldestMs)
  }

  next(signal: AbortSignal): Promise<SealedSegment> {
    return this.#parts.queue.next(signal)
  }

  async acknowledge(header: SegmentHeader): Promise<void> {
    this.#parts.queue.acknowledge(header)
  }

  rewind(epoch: string, nextSeq: number): Promise<boolean> {
    return this.#parts.queue.rewind(epoch, nextSeq)
  }

  setAside(epoch: string): void {
    this.#parts.queue.setAside(epoch)
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    const { queue, sealer, writer, release } = this.#parts
    await this.#journal.close()
    await sealer.close()
    this.#journal.closeFiles()
    writer.finish()
    queue.dropFinished()
    queue.close()
    release()
  }
}
