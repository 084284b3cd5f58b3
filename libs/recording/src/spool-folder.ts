import { join } from 'node:path'
import { WeirError } from '@weir/kernel'
import { parseFileName } from './file-name.ts'
import type { FileKind } from './file-name.ts'
import type { FileSystem } from './file-system.ts'

export type SpoolFile = {
  readonly name: string
  readonly epoch: string
  readonly number: number
  readonly kind: FileKind
}

/** The folder of a spool, and how much of it is used. */
export class SpoolFolder {
  readonly fs: FileSystem
  readonly path: string
  usedBytes = 0
  readonly #onFault: (error: WeirError) => void

  constructor(fs: FileSystem, path: string, onFault: (error: WeirError) => void) {
    this.fs = fs
    this.path = path
    this.#onFault = onFault
  }

  /** The files of all epochs, oldest first; counts them. */
  takeStock(): SpoolFile[] {
    const files: SpoolFile[] = []
    this.usedBytes = 0
    for (const { name, bytes } of this.fs.list(this.path)) {
      const parsed = parseFileName(name)
      if (parsed === undefined) continue
      files.push({ name, ...parsed })
      this.usedBytes += bytes
    }
    return files.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Gives a damaged file a name that nothing here reads again, and reports it. It is never deleted. */
  quarantine(name: string, why: string, cause?: unknown): void {
    const path = join(this.path, name)
    this.fs.rename(path, `${path}.quarantined`)
    this.report(
      'WEIR_EVIDENCE_DAMAGED',
      `Evidence is damaged: ${why}. Kept for inspection as ${path}.quarantined.`,
      cause,
    )
  }

  report(code: 'WEIR_EVIDENCE_DAMAGED' | 'WEIR_EVIDENCE_UNRECORDABLE', message: string, cause?: unknown): void {
    this.#onFault(new WeirError(code, message, { cause }))
  }
}
