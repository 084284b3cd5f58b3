import { crc32, inflateRawSync } from 'node:zlib'

const endOfDirectory = { signature: 0x0605_4b50, size: 22, longestComment: 0xffff }
const directoryEntry = { signature: 0x0201_4b50, size: 46 }
const localHeader = { signature: 0x0403_4b50, size: 30 }
const stored = 0
const deflated = 8

/**
 * Reads the files of a jar whose name the predicate accepts. A jar is a ZIP archive (APPNOTE.TXT 4.3); only what the
 * Java tools write is understood: one disk, no ZIP64, stored or deflated entries. Anything else throws.
 */
export function readJar(jar: Buffer, wanted: (name: string) => boolean): Map<string, Buffer> {
  const end = findEndOfDirectory(jar)
  const count = jar.readUInt16LE(end + 10)
  const files = new Map<string, Buffer>()
  let at = jar.readUInt32LE(end + 16)
  for (let index = 0; index < count; index++) {
    expectSignature(jar, at, directoryEntry.signature)
    const nameLength = jar.readUInt16LE(at + 28)
    const name = jar.toString('utf8', at + directoryEntry.size, at + directoryEntry.size + nameLength)
    if (wanted(name)) files.set(name, readEntry(jar, at, name))
    at += directoryEntry.size + nameLength + jar.readUInt16LE(at + 30) + jar.readUInt16LE(at + 32)
  }
  return files
}

/** The directory's end is found from the back, because a comment of any length may follow it. */
function findEndOfDirectory(jar: Buffer): number {
  const first = Math.max(0, jar.length - endOfDirectory.size - endOfDirectory.longestComment)
  for (let at = jar.length - endOfDirectory.size; at >= first; at--) {
    if (jar.readUInt32LE(at) === endOfDirectory.signature) return at
  }
  throw new Error('not a ZIP archive: no end of central directory')
}

function readEntry(jar: Buffer, entry: number, name: string): Buffer {
  const method = jar.readUInt16LE(entry + 10)
  const checksum = jar.readUInt32LE(entry + 16)
  const compressedSize = jar.readUInt32LE(entry + 20)
  const header = jar.readUInt32LE(entry + 42)
  expectSignature(jar, header, localHeader.signature)
  // The local header repeats name and extra field, each with a length of its own.
  const start = header + localHeader.size + jar.readUInt16LE(header + 26) + jar.readUInt16LE(header + 28)
  const body = jar.subarray(start, start + compressedSize)
  if (method !== stored && method !== deflated) throw new Error(`${name}: unknown compression method ${method}`)
  const bytes = method === deflated ? inflateRawSync(body) : body
  if (crc32(bytes) !== checksum) throw new Error(`${name}: checksum does not match`)
  return bytes
}

function expectSignature(jar: Buffer, at: number, signature: number): void {
  if (jar.readUInt32LE(at) !== signature) throw new Error(`not a ZIP archive: wrong signature at ${at}`)
}
