const smallestSlabBytes = 16 * 1024
const largestPooledSlabBytes = 16 * 1024 * 1024

/** Bytes of slabs that one owner holds; kept exact by the slabs themselves. */
export type SlabAccount = { bytes: number }

/** How much a pool keeps. */
export type SlabPoolOptions = {
  /** Upper bound of what lies idle in the pool; slabs beyond it are left to the garbage collector. Default 64 MiB. */
  readonly maxPooledBytes?: number
  /** For tests: released memory is overwritten with 0xDD, so that a use after release shows. */
  readonly poison?: boolean
}

/** Memory that frames are assembled in. It goes back to its pool when the last holder has released it. */
export class Slab {
  readonly buffer: Buffer
  readonly #pool: SlabPool
  #account: SlabAccount
  #holders = 0

  constructor(buffer: Buffer, pool: SlabPool, account: SlabAccount) {
    this.buffer = buffer
    this.#pool = pool
    this.#account = account
  }

  /** Called by the pool only: the first holder. */
  lend(account: SlabAccount): this {
    this.#account = account
    this.#holders = 1
    account.bytes += this.buffer.length
    return this
  }

  get exclusive(): boolean {
    return this.#holders === 1
  }

  hold(): void {
    this.#holders += 1
  }

  /** Gives up one hold on the slab; `start`..`end` are the bytes that nobody may read any more. */
  release(start: number, end: number): void {
    this.wipe(start, end)
    this.#holders -= 1
    if (this.#holders === 0) {
      this.#account.bytes -= this.buffer.length
      this.#pool.give(this)
    }
  }

  wipe(start: number, end: number): void {
    if (this.#pool.poison) this.buffer.fill(0xdd, start, end)
  }
}

/**
 * Slabs in powers of two from 16 KiB to 16 MiB, shared by the connections of a process. Reuse keeps pages mapped and warm:
 * fresh memory costs a page fault per 4 KiB, more than the copy of the same bytes. Larger slabs are exact and never pooled.
 */
export class SlabPool {
  readonly poison: boolean
  readonly #maxPooledBytes: number
  readonly #idle = new Map<number, Slab[]>()
  #pooledBytes = 0

  constructor(options: SlabPoolOptions = {}) {
    this.#maxPooledBytes = options.maxPooledBytes ?? 64 * 1024 * 1024
    this.poison = options.poison ?? false
  }

  /** Bytes that lie idle, ready to be lent. */
  get pooledBytes(): number {
    return this.#pooledBytes
  }

  /** A slab of at least `bytes`, held once, counted in `account` until its last holder releases it. */
  take(bytes: number, account: SlabAccount): Slab {
    const size = slabBytes(bytes)
    const idle = this.#idle.get(size)?.pop()
    if (idle !== undefined) {
      this.#pooledBytes -= size
      return idle.lend(account)
    }
    // allocUnsafeSlow: memory of its own, not a slice of Node's shared 64 KiB pool.
    return new Slab(Buffer.allocUnsafeSlow(size), this, account).lend(account)
  }

  /** Called by the slab when nobody holds it any more. */
  give(slab: Slab): void {
    const size = slab.buffer.length
    if (size > largestPooledSlabBytes || this.#pooledBytes + size > this.#maxPooledBytes) return
    const idle = this.#idle.get(size)
    if (idle === undefined) this.#idle.set(size, [slab])
    else idle.push(slab)
    this.#pooledBytes += size
  }
}

function slabBytes(bytes: number): number {
  if (bytes <= smallestSlabBytes) return smallestSlabBytes
  if (bytes > largestPooledSlabBytes) return bytes
  return 2 ** Math.ceil(Math.log2(bytes))
}
