import { hash } from 'node:crypto'
import type { SegmentHeader } from '@weir/contracts'
import { invalid } from './byte-reader.ts'

const kinds: { readonly [Field in keyof SegmentHeader]: 'string' | 'number' | 'hash' } = {
  version: 'number',
  gatewayId: 'string',
  epoch: 'string',
  firstSeq: 'number',
  lastSeq: 'number',
  firstAtMs: 'number',
  lastAtMs: 'number',
  events: 'number',
  sha256: 'hash',
  previousSha256: 'hash',
}

/** `previousSha256` of the first segment of an epoch. */
export const noPreviousSegment = '0'.repeat(64)

/**
 * The header as it is signed, hashed and sent: its RFC 8785 form. A header holds strings and safe integers only, for which
 * JSON.stringify already writes what RFC 8785 §3.2.2 asks for; what is left is the order of the names.
 * Throws WEIR_SEGMENT_INVALID on strings that are not well-formed Unicode (RFC 8785 §3.2.2.2).
 */
export function canonicalSegmentHeader(header: SegmentHeader): string {
  const members = (Object.keys(kinds) as (keyof SegmentHeader)[]).toSorted().map((name) => {
    const value = header[name]
    if (typeof value === 'string' && !value.isWellFormed()) throw invalid(`\`${name}\` of its header is not Unicode`)
    return `${JSON.stringify(name)}:${JSON.stringify(value)}`
  })
  return `{${members.join(',')}}`
}

/** Hex SHA-256 of the canonical header: what the next header of the epoch points back at. */
export function segmentHeaderHash(header: SegmentHeader): string {
  return hash('sha256', canonicalSegmentHeader(header))
}

/**
 * Reads a header from its canonical form. Throws WEIR_SEGMENT_INVALID when a field is missing, has another type, contradicts another,
 * is not known, or the text is not the canonical one: only what was signed is read.
 */
export function parseSegmentHeader(text: string): SegmentHeader {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid('its header is not JSON', error)
  }
  if (typeof value !== 'object' || value === null) throw invalid('its header is not an object')
  const fields = value as Record<string, unknown>
  for (const [name, kind] of Object.entries(kinds)) {
    if (!isField(fields[name], kind)) throw invalid(`its header has no proper \`${name}\``)
  }
  const header = value as SegmentHeader
  if (header.version !== 1) throw invalid(`its version ${String(header.version)} is not known`)
  if (header.firstSeq < 1 || header.events < 1 || header.lastSeq - header.firstSeq + 1 !== header.events) {
    throw invalid('its sequence numbers and its count contradict each other')
  }
  if (canonicalSegmentHeader(header) !== text) throw invalid('its header is not in canonical form')
  return header
}

function isField(value: unknown, kind: 'string' | 'number' | 'hash'): boolean {
  if (kind === 'number') return Number.isSafeInteger(value)
  if (typeof value !== 'string') return false
  return kind === 'string' ? value !== '' : /^[0-9a-f]{64}$/.test(value)
}
