import { hash, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib'
import type { SealedSegment, SegmentHeader } from '@weir/contracts'
import { ByteReader, invalid } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { EventDecoder } from './event-decoder.ts'
import type { DecodedSegment } from './event-decoder.ts'
import { canonicalSegmentHeader } from './segment-header.ts'

const compress = promisify(zstdCompress)

const bodyVersion = 1
/** What a reader of a segment is ready to hold in memory; the writer closes segments far below. */
export const segmentLimits = { bytes: 32 * 1024 * 1024, events: 10_000 } as const

/** What is known of a segment before it is sealed. */
export type SegmentFacts = Omit<SegmentHeader, 'version' | 'sha256' | 'events'>

/** Compresses and signs the records of one segment. The same records give the same bytes, so sealing again after a crash is harmless. */
export async function sealSegment(
  facts: SegmentFacts,
  records: readonly Uint8Array[],
  signingKey: KeyObject,
): Promise<SealedSegment> {
  const events = facts.lastSeq - facts.firstSeq + 1
  const head = new ByteWriter(32)
  head.byte(bodyVersion)
  head.varint(facts.firstSeq)
  head.varint(events)
  const plain = Buffer.concat([head.bytes.subarray(0, head.length), ...records])
  const body = await compress(plain, { params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  const header: SegmentHeader = { version: 1, ...facts, events, sha256: hash('sha256', body) }
  const signature = sign(null, Buffer.from(canonicalSegmentHeader(header)), signingKey).toString('base64url')
  return { header, signature, body }
}

/** True when the signature over the header is that of `publicKey` (Ed25519), and the body is the one that the header names. */
export function verifySegment(segment: SealedSegment, publicKey: KeyObject): boolean {
  const signature = Buffer.from(segment.signature, 'base64url')
  return (
    hash('sha256', segment.body) === segment.header.sha256 &&
    verify(null, Buffer.from(canonicalSegmentHeader(segment.header)), publicKey, signature)
  )
}

/**
 * The events of a segment, in order, and the identities of the sessions that they mention. Needs no other segment.
 * With `header`, also checks that the header tells the truth about the body.
 * Throws WEIR_SEGMENT_INVALID; holds at most 32 MiB and 10,000 events, whatever the body claims. Verifies no signature.
 */
export function decodeSegment(body: Uint8Array, header?: SegmentHeader): DecodedSegment {
  const input = new ByteReader(inflate(body))
  if (input.byte() !== bodyVersion) throw invalid('its encoding is of an unknown version')
  const firstSeq = input.varint()
  const count = input.varint()
  const decoded = new EventDecoder(input, firstSeq).decode(segmentLimits.events)
  if (decoded.events.length !== count) throw invalid(`it holds ${decoded.events.length} events and claims ${count}`)
  if (header !== undefined) requireAgreement(decoded, header)
  return decoded
}

function requireAgreement({ events }: DecodedSegment, header: SegmentHeader): void {
  const first = events[0]
  const last = events.at(-1)
  const agrees =
    events.length === header.events &&
    first?.seq === header.firstSeq &&
    last?.seq === header.lastSeq &&
    first.atMs === header.firstAtMs &&
    last.atMs === header.lastAtMs
  if (!agrees) throw invalid('its header and its body contradict each other')
}

function inflate(body: Uint8Array): Buffer {
  try {
    return zstdDecompressSync(body, { maxOutputLength: segmentLimits.bytes })
  } catch (error) {
    throw invalid('its body does not decompress within the limit', error)
  }
}
