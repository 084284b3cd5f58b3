import { ValueFault } from '../codec-fault.ts'
import { largestTag, longestStringBytes, nullFault } from '../codec-fields.ts'
import { ByteReader } from '../codec-reader.ts'
import { readSafeInt64 } from '../safe-int64.ts'

/** A cursor that knows which of the two encodings (KIP-482) the lengths have, and steps over what nobody needs. */
export class MessageReader extends ByteReader {
  readonly flexible: boolean

  constructor(buffer: Buffer, offset: number, flexible: boolean) {
    super(buffer, offset)
    this.flexible = flexible
  }

  safeInt64(): number {
    return readSafeInt64(this.buffer, this.take(8))
  }

  nullableString(): string | null {
    const length = this.flexible ? this.varint() - 1 : this.int16()
    if (length === -1) return null
    if (length < 0 || length > longestStringBytes) throw new ValueFault('oversize', `string of ${length} bytes`)
    return this.text(length)
  }

  string(): string {
    const text = this.nullableString()
    if (text === null) throw nullFault()
    return text
  }

  /** -1 for null. A count that the rest cannot hold is refused before anything is made for it. */
  nullableCount(leastElementBytes: number): number {
    const count = this.#longLength()
    if (count * leastElementBytes > this.remaining) {
      throw new ValueFault('truncated', `${count} elements in ${this.remaining} bytes`)
    }
    return count
  }

  count(leastElementBytes: number): number {
    const count = this.nullableCount(leastElementBytes)
    if (count === -1) throw nullFault()
    return count
  }

  /** Steps over nullable bytes and returns where they begin; null is as empty. */
  skipBytes(): number {
    return this.take(Math.max(0, this.#longLength()))
  }

  skipTags(): void {
    if (!this.flexible) return
    let previous = -1
    for (let left = this.varint(); left > 0; left -= 1) {
      const tag = this.varint()
      if (tag <= previous || tag > largestTag) throw new ValueFault('malformed', `tag ${tag} after tag ${previous}`)
      previous = tag
      this.take(this.varint())
    }
  }

  #longLength(): number {
    const length = this.flexible ? this.varint() - 1 : this.int32()
    if (length < -1) throw new ValueFault('oversize', `negative length ${length}`)
    return length
  }
}
