import * as fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const fdatasync = promisify(fs.fdatasync)
const fsync = promisify(fs.fsync)
const read = promisify(fs.read)

/** The few calls that the spool makes on files, so that a test can make each of them fail. */
export type FileSystem = {
  /** `create`: must not exist yet, mode 0600. */
  open(path: string, mode: 'create' | 'edit'): number
  close(fd: number): void
  /** Bytes written, which may be fewer than asked for. */
  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number
  truncate(fd: number, lengthBytes: number): void
  sizeBytes(fd: number): number
  /** Bytes read into the start of `bytes`; 0 at the end of the file. */
  read(fd: number, bytes: Uint8Array, position: number): Promise<number>
  sync(fd: number): Promise<void>
  /** Makes new and removed names in `dir` survive power loss. */
  syncFolder(dir: string): Promise<void>
  /** Names and sizes of the files in `dir`. */
  list(dir: string): { readonly name: string; readonly bytes: number }[]
  rename(from: string, to: string): void
  remove(path: string): void
}

export const nodeFileSystem: FileSystem = {
  open: (path, mode) => fs.openSync(path, mode === 'create' ? 'wx+' : 'r+', 0o600),
  close: fs.closeSync,
  write: fs.writeSync,
  truncate: fs.ftruncateSync,
  sizeBytes: (fd) => fs.fstatSync(fd).size,
  read: async (fd, bytes, position) => (await read(fd, bytes, 0, bytes.length, position)).bytesRead,
  sync: fdatasync,
  syncFolder: async (dir) => {
    const fd = fs.openSync(dir, 'r')
    await fsync(fd).finally(() => fs.closeSync(fd))
  },
  list: (dir) => fs.readdirSync(dir).map((name) => ({ name, bytes: fs.statSync(join(dir, name)).size })),
  rename: fs.renameSync,
  remove: fs.unlinkSync,
}
