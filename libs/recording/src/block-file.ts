import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { WeirError } from '@weir/kernel'
import type { SpoolFolder } from './spool-folder.ts'

/** First bytes of every file; the last one is the version of the format. */
const magic = Buffer.from('WEIRLOG\u0001', 'latin1')

/** A block is [u32 length][u32 CRC-32 of the payload][payload], little-endian; the first byte of the payload says what it is. */
export const blockHeadBytes = 8
/** Larger ones are not written, and taken for damage when read. */
const blockLimitBytes = 32 * 1024 * 1024
const headKind = 0x68

/** What a file says of itself in its first block. */
export type FileHead = {
  readonly gatewayId: string
  readonly epoch: string
  /** Sequence number of the first event that the file may hold. */
  readonly firstSeq: number
  /** Hash of the header of the segment before the first one of this file; journals have none. */
  readonly previousSha256?: string
}

export type Block = { readonly offset: number; readonly end: number; readonly payload: Buffer }

/**
 * An append-only file of checked blocks. Whatever fails, `length` is the end of the last good block, and the file is cut back to it;
 * when even that fails the file is `broken`: nothing may be appended to it any more, and a reader cuts its tail.
 */
export class BlockFile {
  readonly name: string
  readonly head: FileHead
  length: number
  broken = false
  readonly #folder: SpoolFolder
  #fd: number | undefined
  #named: boolean

  private constructor(folder: SpoolFolder, fd: number, name: string, head: FileHead, length: number, named: boolean) {
    this.#folder = folder
    this.#fd = fd
    this.name = name
    this.head = head
    this.length = length
    this.#named = named
  }

  /** Makes a file that holds its head only. */
  static create(folder: SpoolFolder, name: string, head: FileHead): BlockFile {
    const path = join(folder.path, name)
    const fd = folder.fs.open(path, 'create')
    const file = new BlockFile(folder, fd, name, head, 0, false)
    try {
      file.append(Buffer.concat([magic, frame([Buffer.of(headKind), Buffer.from(JSON.stringify(head))])]))
      return file
    } catch (error) {
      file.close()
      folder.fs.remove(path)
      throw error
    }
  }

  /** Opens a file that is there and already counted in `usedBytes`; `undefined` when its head cannot be read. */
  static async open(folder: SpoolFolder, name: string): Promise<BlockFile | undefined> {
    const fd = folder.fs.open(join(folder.path, name), 'edit')
    const file = new BlockFile(folder, fd, name, noHead, folder.fs.sizeBytes(fd), true)
    const head = await file.#readHead()
    if (head !== undefined) return new BlockFile(folder, fd, name, head, file.length, true)
    file.close()
    return undefined
  }

  /**
   * Deletes a file without a readable head when it holds no block either: its process died while it made the file.
   * False when there is something in it.
   */
  static async removeUnborn(
    folder: SpoolFolder,
    name: string,
    isKind: (firstByte: number) => boolean,
  ): Promise<boolean> {
    const fd = folder.fs.open(join(folder.path, name), 'edit')
    const file = new BlockFile(folder, fd, name, noHead, folder.fs.sizeBytes(fd), true)
    const { blocks, damage } = scanBlocks(await file.read(0, file.length), 0, isKind)
    const unborn = blocks.length === 0 && !damage
    if (unborn) file.remove()
    else file.close()
    return unborn
  }

  /** Appends whole blocks and returns where they begin. When it throws, the file is as it was before, or `broken`. */
  append(blocks: Uint8Array, lengthBytes = blocks.length): number {
    const { fs } = this.#folder
    const fd = this.#open()
    if (this.broken) throw new Error(`${this.name} is broken`)
    const offset = this.length
    try {
      for (let done = 0; done < lengthBytes;) {
        const written = fs.write(fd, blocks, done, lengthBytes - done, offset + done)
        if (written === 0) throw new Error(`nothing can be written to ${this.name}`)
        done += written
      }
    } catch (error) {
      this.cut(offset)
      throw error
    }
    this.length += lengthBytes
    this.#folder.usedBytes += lengthBytes
    return offset
  }

  /** Throws away what is behind `length`; never throws itself. */
  cut(length: number): void {
    try {
      this.#folder.fs.truncate(this.#open(), length)
    } catch {
      // The reason of the first failure is the one to report; this one makes the file unusable, which its owner looks at.
      this.broken = true
    }
    this.#folder.usedBytes -= this.length - length
    this.length = length
  }

  /** Resolves when all blocks are on disk, and the name of the file too. After a failure the kernel may have dropped the bytes: `broken`. */
  async sync(): Promise<void> {
    try {
      await this.#folder.fs.sync(this.#open())
      if (!this.#named) await this.#folder.fs.syncFolder(this.#folder.path)
      this.#named = true
    } catch (error) {
      this.broken = true
      throw error
    }
  }

  /** Where the first block after the head begins. */
  get start(): number {
    return magic.length + blockHeadBytes + 1 + Buffer.byteLength(JSON.stringify(this.head))
  }

  /** The block at `offset`. Throws WEIR_EVIDENCE_DAMAGED when there is no good one. */
  async readBlock(offset: number): Promise<Block> {
    const block = offset + blockHeadBytes <= this.length ? await this.#readFramed(offset) : undefined
    if (block === undefined) throw this.damaged(offset)
    return block
  }

  /** `length` bytes at `offset`. Throws WEIR_EVIDENCE_DAMAGED when the file is shorter. */
  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length)
    for (let done = 0; done < length;) {
      const count = await this.#folder.fs.read(this.#open(), bytes.subarray(done), offset + done)
      if (count === 0) throw this.damaged(offset + done)
      done += count
    }
    return bytes
  }

  damaged(offset: number): WeirError {
    return new WeirError(
      'WEIR_EVIDENCE_DAMAGED',
      `Evidence of epoch ${this.head.epoch} in ${join(this.#folder.path, this.name)} is damaged at byte ${offset}; restore the file from a copy, or keep it for inspection.`,
    )
  }

  close(): void {
    if (this.#fd === undefined) return
    this.#folder.fs.close(this.#fd)
    this.#fd = undefined
  }

  /** Closes and deletes the file. */
  remove(): void {
    this.close()
    this.#folder.fs.remove(join(this.#folder.path, this.name))
    this.#folder.usedBytes -= this.length
  }

  #open(): number {
    if (this.#fd === undefined) throw new Error(`${this.name} is closed`)
    return this.#fd
  }

  async #readFramed(offset: number): Promise<Block | undefined> {
    const head = await this.read(offset, blockHeadBytes)
    const length = head.readUInt32LE(0)
    const end = offset + blockHeadBytes + length
    if (length > blockLimitBytes || end > this.length) return undefined
    const payload = await this.read(offset + blockHeadBytes, length)
    return crc32(payload) === head.readUInt32LE(4) ? { offset, end, payload } : undefined
  }

  async #readHead(): Promise<FileHead | undefined> {
    if (this.length < magic.length + blockHeadBytes) return undefined
    if (!(await this.read(0, magic.length)).equals(magic)) return undefined
    const block = await this.#readFramed(magic.length)
    if (block === undefined || block.payload[0] !== headKind) return undefined
    return JSON.parse(block.payload.toString('utf8', 1)) as FileHead
  }
}

const noHead: FileHead = { gatewayId: '', epoch: '', firstSeq: 0 }

/** One block out of parts. */
export function frame(parts: readonly Uint8Array[]): Buffer {
  const payload = Buffer.concat(parts)
  const head = Buffer.allocUnsafe(blockHeadBytes)
  head.writeUInt32LE(payload.length, 0)
  head.writeUInt32LE(crc32(payload), 4)
  return Buffer.concat([head, payload])
}

/** Good blocks from the start of `bytes`; `damage` is true when good blocks follow behind a bad one, which no torn write can cause. */
export type Scan = { readonly blocks: readonly Block[]; readonly end: number; readonly damage: boolean }

/** Finds the blocks in `bytes`, which begin at `offset` of their file. `isKind` knows the first bytes of payloads that may be here. */
export function scanBlocks(bytes: Buffer, offset: number, isKind: (firstByte: number) => boolean): Scan {
  const blocks: Block[] = []
  let position = 0
  for (;;) {
    const payload = payloadAt(bytes, position, isKind)
    if (payload === undefined) break
    const end = position + blockHeadBytes + payload.length
    blocks.push({ offset: offset + position, end: offset + end, payload })
    position = end
  }
  const end = position
  let damage = false
  while (!damage && ++position < bytes.length) damage = payloadAt(bytes, position, isKind) !== undefined
  return { blocks, end: offset + end, damage }
}

function payloadAt(bytes: Buffer, position: number, isKind: (firstByte: number) => boolean): Buffer | undefined {
  if (position + blockHeadBytes >= bytes.length) return undefined
  const length = bytes.readUInt32LE(position)
  const start = position + blockHeadBytes
  if (length === 0 || start + length > bytes.length || !isKind(bytes[start]!)) return undefined
  const payload = bytes.subarray(start, start + length)
  return crc32(payload) === bytes.readUInt32LE(position + 4) ? payload : undefined
}
