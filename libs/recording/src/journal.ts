import { crc32 } from 'node:zlib'
import type { Durability, EvidenceEvent, Recorded } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Clock } from '@weir/kernel'
import { BlockFile, blockHeadBytes } from './block-file.ts'
import { EventEncoder } from './event-encoder.ts'
import { fileName } from './file-name.ts'
import { journalPrefixBytes, writeJournalPrefix } from './journal-block.ts'
import type { Extent } from './journal-block.ts'
import type { SpoolFolder } from './spool-folder.ts'
import { SyncQueue } from './sync-queue.ts'

export type JournalLimits = {
  readonly sealAfterEvents: number
  readonly sealAfterMs: number
  /** A segment is closed when its records pass this. */
  readonly sealAfterBytes: number
  /** A file that has reached this is followed by a new one at the next segment. */
  readonly fileBytes: number
  /** Of the whole folder. */
  readonly quotaBytes: number
  /** How long a buffered event may be written and not yet be on disk. */
  readonly lingerMs: number
}

/** The events of one event-loop turn: written together as one block, settled together. */
type Group = {
  readonly recorded: Recorded
  readonly written: PromiseWithResolvers<void>
  readonly durable: PromiseWithResolvers<void>
  readonly firstSeq: number
  firstAtMs: number
  lastAtMs: number
  strict: boolean
  startedSessions: string[] | undefined
}

/** The segment being written; `extent` is what the file holds of it. */
type OpenSegment = { readonly firstSeq: number; firstAtMs: number; bytes: number; extent: Extent | undefined }

/** The slab begins with room for the head of the block. */
const headBytes = blockHeadBytes + journalPrefixBytes
const slabKeptBytes = 2 * 1024 * 1024

/**
 * Takes events in, synchronously, and writes those of one event-loop turn with one write at the end of the turn. The write is synchronous:
 * into the page cache it takes 2 to 7 µs for up to 16 KiB, where handing it to the thread pool costs 11 to 34 µs on this same thread; and
 * with no write in flight, a failed one takes back exactly its own events.
 */
export class Journal {
  readonly #folder: SpoolFolder
  readonly #identity: { readonly gatewayId: string; readonly epoch: string }
  readonly #clock: Clock
  readonly #limits: JournalLimits
  readonly #onSegment: (extent: Extent) => void
  readonly #onFault: (error: WeirError) => void
  readonly #encoder = new EventEncoder()
  readonly #syncs: SyncQueue
  #file: { readonly blocks: BlockFile; lastSeq: number; durable: Promise<void> } | undefined
  #retired: { readonly blocks: BlockFile; readonly lastSeq: number; readonly durable: Promise<void> }[] = []
  #fileNumber = 0
  #nextSeq = 1
  #group: Group | undefined
  #segment: OpenSegment | undefined
  #sealTimer: NodeJS.Timeout | undefined
  #failing = false
  #closed = false

  constructor(parts: {
    folder: SpoolFolder
    identity: { gatewayId: string; epoch: string }
    clock: Clock
    limits: JournalLimits
    onSegment: (extent: Extent) => void
    onFault: (error: WeirError) => void
  }) {
    this.#folder = parts.folder
    this.#identity = parts.identity
    this.#clock = parts.clock
    this.#limits = parts.limits
    this.#onSegment = parts.onSegment
    this.#onFault = parts.onFault
    this.#syncs = new SyncQueue(parts.limits.lingerMs)
  }

  append(event: EvidenceEvent, durability: Durability): Recorded {
    if (this.#closed) return refused(unrecordable('the spool is closed'))
    const atMs = this.#clock.now()
    const segment = (this.#segment ??= this.#beginSegment(atMs))
    const group = (this.#group ??= this.#openGroup(atMs))
    try {
      this.#encoder.add(event, atMs)
    } catch (error) {
      return refused(error instanceof WeirError ? error : unrecordable('an event cannot be encoded', error))
    }
    if (this.#nextSeq === group.firstSeq) group.firstAtMs = atMs
    this.#nextSeq++
    group.lastAtMs = atMs
    if (durability === 'strict') group.strict = true
    if (event.type === 'session.start') (group.startedSessions ??= []).push(event.sessionId)
    if (
      this.#nextSeq - segment.firstSeq >= this.#limits.sealAfterEvents ||
      segment.bytes + this.#encoder.out.length >= this.#limits.sealAfterBytes
    ) {
      this.#endSegment()
    }
    return group.recorded
  }

  /** Time of the first event that no finished segment holds; undefined when there is none. Unix milliseconds. */
  get openSinceMs(): number | undefined {
    return this.#segment?.firstAtMs
  }

  /** Deletes files of which every event is in a durable segment, `sealedSeq` being the last of these. */
  async release(sealedSeq: number): Promise<void> {
    while (this.#retired[0] !== undefined && this.#retired[0].lastSeq <= sealedSeq) {
      const { blocks, durable } = this.#retired.shift()!
      // The file descriptor may not go while a sync holds it; how the sync ends was told to those who asked.
      await durable.catch(() => {})
      blocks.remove()
    }
  }

  /** Writes what waits, hands the open segment over, and resolves when all is on disk. No event is taken any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#endSegment()
    await this.#syncs.drain()
    this.#retire()
  }

  /** Gives up what could not be released; the next process to open the folder takes it over. */
  closeFiles(): void {
    for (const { blocks } of this.#retired) blocks.close()
  }

  #openGroup(atMs: number): Group {
    const written = Promise.withResolvers<void>()
    const durable = Promise.withResolvers<void>()
    // Callers await one of the two, as they need; the rejection of the other one is then nobody's, and no fault of its own.
    written.promise.catch(() => {})
    durable.promise.catch(() => {})
    setImmediate(() => this.#commit())
    this.#encoder.out.length = headBytes
    return {
      recorded: { written: written.promise, durable: durable.promise },
      written,
      durable,
      firstSeq: this.#nextSeq,
      firstAtMs: atMs,
      lastAtMs: atMs,
      strict: false,
      startedSessions: undefined,
    }
  }

  #beginSegment(atMs: number): OpenSegment {
    this.#encoder.beginSegment()
    this.#sealTimer = setTimeout(() => this.#endSegment(), this.#limits.sealAfterMs).unref()
    return { firstSeq: this.#nextSeq, firstAtMs: atMs, bytes: 0, extent: undefined }
  }

  #endSegment(): void {
    this.#commit()
    this.#leaveSegment()
  }

  /** Hands over what is written of the segment. The next event begins another one, with a dictionary of its own. */
  #leaveSegment(): void {
    const extent = this.#segment?.extent
    this.#segment = undefined
    clearTimeout(this.#sealTimer)
    if (extent !== undefined) this.#onSegment(extent)
  }

  #commit(): void {
    const group = this.#group
    const segment = this.#segment
    if (group === undefined || segment === undefined) return
    this.#group = undefined
    const events = this.#nextSeq - group.firstSeq
    try {
      if (events > 0) this.#write(group, segment, events)
    } catch (error) {
      this.#takeBack(group, error)
      return
    } finally {
      this.#encoder.shrink(slabKeptBytes)
    }
    if (segment.extent === undefined) this.#leaveSegment()
    group.written.resolve()
    if (events === 0) return
    this.#failing = false
    const file = this.#file!
    file.lastSeq = this.#nextSeq - 1
    file.durable = group.durable.promise
    this.#syncs.add({ file: file.blocks, strict: group.strict, settle: (error) => this.#settle(group, error) })
  }

  #write(group: Group, segment: OpenSegment, events: number): void {
    const { bytes, length } = this.#encoder.out
    if (this.#folder.usedBytes + length > this.#limits.quotaBytes) {
      throw new Error(`the spool has reached its quota of ${this.#limits.quotaBytes} bytes`)
    }
    const begins = segment.extent === undefined
    writeJournalPrefix(bytes, blockHeadBytes, { ...group, events, begins })
    bytes.writeUInt32LE(length - blockHeadBytes, 0)
    bytes.writeUInt32LE(crc32(bytes.subarray(blockHeadBytes, length)), 4)
    const file = begins ? this.#fileFrom(segment.firstSeq) : this.#file!.blocks
    const start = file.append(bytes, length)
    if (begins) segment.firstAtMs = group.firstAtMs
    segment.bytes += length
    segment.extent = {
      file,
      start: segment.extent?.start ?? start,
      end: start + length,
      firstSeq: segment.firstSeq,
      lastSeq: this.#nextSeq - 1,
      firstAtMs: segment.firstAtMs,
      lastAtMs: group.lastAtMs,
    }
  }

  /** The events of the group are as if they had never been: their numbers go to the next ones, and nobody knows their sessions. */
  #takeBack(group: Group, cause: unknown): void {
    this.#nextSeq = group.firstSeq
    for (const sessionId of group.startedSessions ?? []) this.#encoder.forget(sessionId)
    this.#leaveSegment()
    const error = unrecordable(cause instanceof Error ? cause.message : 'the write failed', cause)
    if (!this.#failing) this.#onFault(error)
    this.#failing = true
    group.written.reject(error)
    group.durable.reject(error)
  }

  /** A written event that could not be synced stays on record: others of its group were released on the strength of the write. */
  #settle(group: Group, cause: unknown): void {
    if (cause === undefined) {
      group.durable.resolve()
      return
    }
    const error = unrecordable('the disk did not confirm the write', cause)
    this.#onFault(error)
    group.durable.reject(error)
    this.#endSegment()
  }

  #fileFrom(firstSeq: number): BlockFile {
    const current = this.#file?.blocks
    if (current !== undefined && !current.broken && current.length < this.#limits.fileBytes) return current
    this.#retire()
    this.#fileNumber++
    const name = fileName(this.#identity.epoch, this.#fileNumber, 'journal')
    const blocks = BlockFile.create(this.#folder, name, { ...this.#identity, firstSeq })
    this.#file = { blocks, lastSeq: 0, durable: Promise.resolve() }
    return blocks
  }

  #retire(): void {
    if (this.#file !== undefined) this.#retired.push(this.#file)
    this.#file = undefined
  }
}

function refused(error: WeirError): Recorded {
  const rejected = Promise.reject(error)
  rejected.catch(() => {})
  return { written: rejected, durable: rejected }
}

function unrecordable(what: string, cause?: unknown): WeirError {
  return new WeirError(
    'WEIR_EVIDENCE_UNRECORDABLE',
    `Evidence cannot be recorded: ${what}. Nothing is released until it can; look at the disk of the spool.`,
    { cause },
  )
}
