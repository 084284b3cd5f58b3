import { mkdir, open, readFile, readdir, rename, stat, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { SignedBundle } from '@weir/contracts'

const kept = 2

export type CachedBundle = { readonly path: string; readonly text: string; readonly confirmedAtMs: number }

/**
 * The last two bundles on disk, one file each, as signed by the control plane. The time of a file is when the control plane
 * last said that it is the current one.
 */
export class BundleCache {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Newest revision first. Makes the folder when it is missing. */
  async load(): Promise<CachedBundle[]> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const names = (await readdir(this.#dir)).filter((name) => /^bundle-\d{16}\.json$/.test(name))
    return Promise.all(
      names
        .toSorted()
        .toReversed()
        .map(async (name) => {
          const path = join(this.#dir, name)
          return { path, text: await readFile(path, 'utf8'), confirmedAtMs: (await stat(path)).mtimeMs }
        }),
    )
  }

  /** Whole or not at all, whatever happens meanwhile; then forgets all but the last two. */
  async store(revision: number, signed: SignedBundle, confirmedAtMs: number): Promise<void> {
    const draft = join(this.#dir, 'draft')
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(JSON.stringify(signed))
      await file.utimes(confirmedAtMs / 1000, confirmedAtMs / 1000)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, this.#path(revision))
    const old = (await this.load()).slice(kept)
    for (const { path } of old) await unlink(path)
  }

  /** The control plane says that this revision is still the current one. */
  async confirm(revision: number, atMs: number): Promise<void> {
    await utimes(this.#path(revision), atMs / 1000, atMs / 1000)
  }

  #path(revision: number): string {
    return join(this.#dir, `bundle-${String(revision).padStart(16, '0')}.json`)
  }
}
