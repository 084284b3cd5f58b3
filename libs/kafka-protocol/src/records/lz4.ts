import { KafkaProtocolError } from '../protocol-error.ts'
import { BoundedOutput } from './bounded-output.ts'

const frameMagic = 0x184d2204
const shortestMatchBytes = 4

/**
 * Opens one LZ4 frame (lz4_Frame_format.md 1.6). Its checksums are not verified: the batch has its own over the same bytes.
 * Throws KafkaProtocolError `malformed`, or `oversize` when it opens to more than `limitBytes`.
 */
export function openLz4(bytes: Buffer, limitBytes: number): Buffer {
  const frame = readDescriptor(bytes)
  const output = new BoundedOutput(limitBytes, bytes.length * 2)
  let at = frame.blocksStart
  for (;;) {
    if (at + 4 > bytes.length) throw malformed('ends without an end mark')
    const size = bytes.readUInt32LE(at)
    at += 4
    if (size === 0) break
    const end = at + (size & 0x7fff_ffff)
    if (end + (frame.blockChecksums ? 4 : 0) > bytes.length) throw malformed('ends inside a block')
    const blockStart = output.length
    if (size >= 0x8000_0000) output.append(bytes, at, end)
    else openBlock(bytes, at, end, output, frame.independent ? blockStart : 0)
    if (output.length - blockStart > frame.blockBytes) throw malformed('has a block above its own limit')
    at = end + (frame.blockChecksums ? 4 : 0)
  }
  if (at + (frame.contentChecksum ? 4 : 0) !== bytes.length) throw malformed('does not end with its end mark')
  return output.bytes()
}

function readDescriptor(bytes: Buffer) {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== frameMagic) throw malformed('does not begin with its magic number')
  const flags = bytes[4] ?? 0
  const blockBytes = [64, 256, 1024, 4096][(((bytes[5] ?? 0) >>> 4) & 0x07) - 4]
  if (flags >>> 6 !== 1) throw malformed('has an unknown version')
  if ((flags & 0x01) !== 0) throw malformed('needs a dictionary')
  if (blockBytes === undefined) throw malformed('has an unknown block size')
  return {
    independent: (flags & 0x20) !== 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 0x04) !== 0,
    blockBytes: blockBytes * 1024,
    // Magic, flags and block descriptor, the content size if there is one, the header checksum.
    blocksStart: 6 + ((flags & 0x08) === 0 ? 0 : 8) + 1,
  }
}

/** Sequences of literals and a match; the last has literals only. Matches reach back to `earliest` at most. */
function openBlock(bytes: Buffer, start: number, end: number, output: BoundedOutput, earliest: number): void {
  let at = start
  while (at < end) {
    const token = bytes[at++] ?? 0
    let literals = token >>> 4
    if (literals === 15) {
      const run = extendedLength(bytes, at, end)
      literals += run.length
      at = run.next
    }
    if (at + literals > end) throw malformed('ends inside literals')
    output.append(bytes, at, at + literals)
    at += literals
    if (at === end) return
    if (at + 2 > end) throw malformed('ends inside a match')
    const distance = bytes.readUInt16LE(at)
    at += 2
    let matched = (token & 0x0f) + shortestMatchBytes
    if ((token & 0x0f) === 15) {
      const run = extendedLength(bytes, at, end)
      matched += run.length
      at = run.next
    }
    if (distance === 0 || distance > output.length - earliest) throw malformed('matches from before its start')
    output.repeat(distance, matched)
  }
}

function extendedLength(bytes: Buffer, start: number, end: number): { length: number; next: number } {
  let at = start
  let length = 0
  for (;;) {
    if (at >= end) throw malformed('ends inside a length')
    const byte = bytes[at++] ?? 0
    length += byte
    if (byte !== 0xff) return { length, next: at }
  }
}

function malformed(what: string): KafkaProtocolError {
  return new KafkaProtocolError('malformed', `An LZ4 frame ${what}.`)
}
