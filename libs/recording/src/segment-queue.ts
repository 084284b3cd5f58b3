import type { SealedSegment, SegmentHeader } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { BlockFile } from './block-file.ts'
import { segmentHeaderHash } from './segment-header.ts'
import { readSealedBlock } from './segment-writer.ts'
import type { SegmentListener } from './segment-writer.ts'
import type { SpoolFolder } from './spool-folder.ts'

/** A file of sealed segments. `blocks` is open while it is written or read, so that a long backlog costs no descriptors. */
type SealedFile = {
  readonly name: string
  readonly epoch: string
  blocks: BlockFile | undefined
  finished: boolean
  readableBytes: number
  firstAtMs: number | undefined
}

/** The segment that was handed out and not acknowledged. */
type Head = { readonly segment: SealedSegment; readonly end: number }

/** Sealed segments of all epochs, oldest first, read from disk one at a time. One consumer. */
export class SegmentQueue implements SegmentListener {
  readonly #folder: SpoolFolder
  readonly #files: SealedFile[] = []
  /** Epochs that are not handed out any more, with the time of their first event that was not. */
  readonly #aside = new Map<string, number>()
  #offset: number | undefined
  #head: Head | undefined
  #acknowledgedMs = 0
  #changed = Promise.withResolvers<void>()

  constructor(folder: SpoolFolder) {
    this.#folder = folder
  }

  /** A file that an earlier process finished. */
  addFinished(name: string, epoch: string): void {
    const whole = Number.MAX_SAFE_INTEGER
    this.#push({ name, epoch, blocks: undefined, finished: true, readableBytes: whole, firstAtMs: undefined })
  }

  added(blocks: BlockFile): void {
    const { name, length, head } = blocks
    this.#push({ name, epoch: head.epoch, blocks, finished: false, readableBytes: length, firstAtMs: undefined })
  }

  extended(blocks: BlockFile, segment: SealedSegment): void {
    const file = this.#files.find((each) => each.blocks === blocks)
    if (file === undefined) return
    file.readableBytes = blocks.length
    file.firstAtMs ??= segment.header.firstAtMs
    this.#announce()
  }

  finished(blocks: BlockFile): void {
    const file = this.#files.find((each) => each.blocks === blocks)
    if (file === undefined) {
      blocks.close()
      return
    }
    file.finished = true
    this.#announce()
  }

  /** The oldest segment that is not acknowledged, the same one until it is. Rejects when `signal` aborts, or the disk fails. */
  async next(signal: AbortSignal): Promise<SealedSegment> {
    signal.throwIfAborted()
    for (;;) {
      const changed = this.#changed.promise
      const segment = await this.peek()
      if (segment !== undefined) return segment
      signal.throwIfAborted()
      await untilAborted(changed, signal)
    }
  }

  /** What `next` would return, or undefined when there is nothing now. */
  async peek(): Promise<SealedSegment | undefined> {
    while (this.#head === undefined) {
      const file = this.#files[0]
      if (file === undefined) return undefined
      const blocks = await this.#open(file)
      if (blocks === undefined) continue
      const offset = (this.#offset ??= blocks.start)
      if (offset < file.readableBytes) await this.#readHead(file, blocks, offset)
      else if (file.finished) this.#drop(file)
      else return undefined
    }
    return this.#head.segment
  }

  /** The control plane has it. Anything but the segment that `next` returned is ignored: it was acknowledged or rewound meanwhile. */
  acknowledge(header: SegmentHeader): void {
    const head = this.#head
    if (head === undefined || segmentHeaderHash(head.segment.header) !== segmentHeaderHash(header)) return
    this.#head = undefined
    this.#offset = head.end
    this.#acknowledgedMs = header.lastAtMs
    this.dropFinished()
  }

  /** Goes back to the segment that begins with `nextSeq`. False when it is not here any more: then nothing changes. */
  async rewind(epoch: string, nextSeq: number): Promise<boolean> {
    const file = this.#files[0]
    const blocks = file?.epoch === epoch ? await this.#open(file) : undefined
    if (file === undefined || blocks === undefined || blocks.head.firstSeq > nextSeq) return false
    for (let offset = blocks.start; offset < file.readableBytes;) {
      const block = await blocks.readBlock(offset)
      const segment = readSealedBlock(block.payload)
      if (segment.header.firstSeq > nextSeq) return false
      if (segment.header.firstSeq === nextSeq) {
        this.#offset = offset
        this.#head = { segment, end: block.end }
        return true
      }
      offset = block.end
    }
    return false
  }

  /** Hands nothing of this epoch out any more; its files stay. */
  setAside(epoch: string): void {
    const first = this.#files.find((file) => file.epoch === epoch)
    if (first === undefined) return
    this.#aside.set(epoch, this.#sinceMs(first))
    if (first === this.#files[0]) this.#forgetPosition()
    for (const file of this.#files.filter((each) => each.epoch === epoch)) {
      if (file.finished) file.blocks?.close()
      this.#files.splice(this.#files.indexOf(file), 1)
    }
    this.#announce()
  }

  /** Time of the first event that was not acknowledged; undefined when all were. Unix milliseconds. */
  get oldestMs(): number | undefined {
    const file = this.#files[0]
    const unread = file !== undefined && (this.#offset ?? 0) < file.readableBytes && file.firstAtMs !== undefined
    const oldest = [...this.#aside.values()]
    if (this.#head !== undefined) oldest.push(this.#head.segment.header.firstAtMs)
    else if (unread) oldest.push(this.#sinceMs(file))
    return oldest.length === 0 ? undefined : Math.min(...oldest)
  }

  /** Deletes files that will not grow and are acknowledged to their end. */
  dropFinished(): void {
    for (let file = this.#files[0]; file !== undefined && this.#isDone(file); file = this.#files[0]) this.#drop(file)
  }

  close(): void {
    for (const file of this.#files) file.blocks?.close()
  }

  #isDone(file: SealedFile): boolean {
    const offset = this.#offset ?? file.blocks?.start
    return file.finished && this.#head === undefined && offset !== undefined && offset >= file.readableBytes
  }

  async #open(file: SealedFile): Promise<BlockFile | undefined> {
    if (file.blocks !== undefined) return file.blocks
    const blocks = await BlockFile.open(this.#folder, file.name)
    if (blocks === undefined) {
      this.#quarantine(file, new Error(`the head of ${file.name} cannot be read`))
      return undefined
    }
    file.readableBytes = blocks.length
    file.blocks = blocks
    return blocks
  }

  async #readHead(file: SealedFile, blocks: BlockFile, offset: number): Promise<void> {
    try {
      const { payload, end } = await blocks.readBlock(offset)
      this.#head = { segment: readSealedBlock(payload), end }
      file.firstAtMs ??= this.#head.segment.header.firstAtMs
    } catch (error) {
      const damaged = error instanceof WeirError || error instanceof RangeError
      if (!damaged) throw error
      this.#quarantine(file, error)
    }
  }

  /** Nothing behind the damage can be shipped, since the control plane takes an epoch without gaps only. */
  #quarantine(file: SealedFile, cause: Error): void {
    this.setAside(file.epoch)
    if (file.finished) {
      file.blocks?.close()
      this.#folder.quarantine(file.name, cause.message, cause)
    } else {
      this.#folder.report('WEIR_EVIDENCE_DAMAGED', cause.message, cause)
    }
  }

  #push(file: SealedFile): void {
    if (!this.#aside.has(file.epoch)) this.#files.push(file)
    this.#announce()
  }

  #drop(file: SealedFile): void {
    this.#files.shift()
    this.#forgetPosition()
    try {
      file.blocks?.remove()
    } catch (error) {
      const what =
        'A file whose evidence is shipped cannot be deleted; after a restart it is shipped again, as a duplicate.'
      this.#folder.report('WEIR_EVIDENCE_UNRECORDABLE', what, error)
    }
  }

  #forgetPosition(): void {
    this.#head = undefined
    this.#offset = undefined
  }

  #sinceMs(file: SealedFile): number {
    return this.#head?.segment.header.firstAtMs ?? Math.max(this.#acknowledgedMs, file.firstAtMs ?? 0)
  }

  #announce(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    void promise.then(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
  })
}
