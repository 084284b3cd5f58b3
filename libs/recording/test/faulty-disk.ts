import type { FileSystem } from '../src/index.ts'
import { nodeFileSystem } from '../src/file-system.ts'

/** A disk that a test breaks: every member that is set to an error code fails with it until it is set back. */
export class FaultyDisk implements FileSystem {
  failing: { write?: string; truncate?: string; sync?: string; open?: string; read?: string } = {}
  /** Writes no more than this many bytes in all, then fails with ENOSPC; the last write is short. */
  roomBytes = Number.POSITIVE_INFINITY
  syncs = 0
  /** Names of files whose descriptors were made: to tell journals from segments. */
  only = ''
  readonly #names = new Map<number, string>()

  open(path: string, mode: 'create' | 'edit'): number {
    this.#failIf(this.failing.open, path)
    const fd = nodeFileSystem.open(path, mode)
    this.#names.set(fd, path)
    return fd
  }

  close(fd: number): void {
    nodeFileSystem.close(fd)
    this.#names.delete(fd)
  }

  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
    this.#failIf(this.failing.write, this.#names.get(fd))
    if (this.roomBytes <= 0) throw fault('ENOSPC')
    const count = nodeFileSystem.write(fd, bytes, offset, Math.min(length, this.roomBytes), position)
    this.roomBytes -= count
    return count
  }

  truncate(fd: number, lengthBytes: number): void {
    this.#failIf(this.failing.truncate, this.#names.get(fd))
    nodeFileSystem.truncate(fd, lengthBytes)
  }

  sizeBytes(fd: number): number {
    return nodeFileSystem.sizeBytes(fd)
  }

  read(fd: number, bytes: Uint8Array, position: number): Promise<number> {
    this.#failIf(this.failing.read, this.#names.get(fd))
    return nodeFileSystem.read(fd, bytes, position)
  }

  async sync(fd: number): Promise<void> {
    this.#failIf(this.failing.sync, this.#names.get(fd))
    this.syncs++
    await nodeFileSystem.sync(fd)
  }

  syncFolder(dir: string): Promise<void> {
    return nodeFileSystem.syncFolder(dir)
  }

  list(dir: string): { name: string; bytes: number }[] {
    return nodeFileSystem.list(dir)
  }

  rename(from: string, to: string): void {
    nodeFileSystem.rename(from, to)
  }

  remove(path: string): void {
    nodeFileSystem.remove(path)
  }

  #failIf(code: string | undefined, path = ''): void {
    if (code !== undefined && path.endsWith(this.only)) throw fault(code)
  }
}

function fault(code: string): Error {
  return Object.assign(new Error(`${code}: planted`), { code })
}
