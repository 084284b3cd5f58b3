import type { EvidenceEvent, SealedSegment, SegmentHeader, SessionEnded, SessionStarted } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { decodeSegment } from '@weir/recording'
import type { DecodedSegment } from '@weir/recording'
import { invalid } from './invalid.ts'
import { RunCollector } from './runs.ts'
import type { RunRow } from './runs.ts'

/** What the index keeps of one segment. Derived from the events alone: it can be dropped and built again. */
export type SegmentIndex = {
  /** Every session that the segment mentions: each segment repeats who they are. */
  readonly sessions: readonly { readonly atMs: number; readonly event: SessionStarted }[]
  readonly sessionsEnded: readonly { readonly atMs: number; readonly event: SessionEnded }[]
  readonly runs: readonly RunRow[]
  readonly events: readonly EventRow[]
  /** Why the segment could not be read: then it is kept as it came, and this is all that the index knows of it. */
  readonly quarantined?: string
}

export type EventRow = {
  readonly seq: number
  readonly atMs: number
  readonly type: string
  readonly sessionId: string | undefined
  readonly resource: string | undefined
  readonly event: Record<string, unknown>
}

/** Why a segment is in quarantine whose events could be read, and not be indexed. */
export const unstorableReason = 'An event holds a value that the database cannot.'

/** What the index keeps of a segment that was received at `atMs`, whether it can be read or not. */
export function indexOf({ header, body }: Pick<SealedSegment, 'header' | 'body'>, atMs: number): SegmentIndex {
  try {
    return projectSegment(decodeSegment(body, header))
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR_SEGMENT_INVALID') {
      return quarantineIndex(header, atMs, error.message)
    }
    throw error
  }
}

/** Projects a segment. Throws WEIR_SEGMENT_INVALID for events that cannot have happened. */
export function projectSegment({ events, sessions }: DecodedSegment): SegmentIndex {
  const ended = new Map<string, SegmentIndex['sessionsEnded'][number]>()
  const runs = new RunCollector()
  const rows: EventRow[] = []
  for (const { seq, atMs, event } of events) {
    if ('sessionId' in event) checkSessionId(event.sessionId, seq)
    if (event.type === 'kafka.publish' || event.type === 'kafka.consume') {
      runs.add(seq, atMs, event)
      continue
    }
    // The first wins, as it does over several segments.
    if (event.type === 'session.end' && !ended.has(event.sessionId)) ended.set(event.sessionId, { atMs, event })
    rows.push(rowOf(seq, atMs, event))
  }
  const identities = [...sessions.values()].map(({ startedAtMs, session }) => ({ atMs: startedAtMs, event: session }))
  return { sessions: identities, sessionsEnded: [...ended.values()], runs: runs.rows, events: rows }
}

/** A btree row must fit a third of a page (2.7 KB); UTF-8 takes up to four bytes. Names that are longer are kept in the event. */
const longestIndexedName = 512

/**
 * What the index keeps of a segment that cannot be read: one event that says so, at the time when it was received, as no
 * other can be believed.
 */
export function quarantineIndex(header: SegmentHeader, receivedAtMs: number, reason: string): SegmentIndex {
  const { firstSeq, lastSeq, events, sha256 } = header
  const type = 'segment.quarantined'
  const event = { type, reason: storableText(reason), firstSeq, lastSeq, events, sha256 }
  const row = { seq: firstSeq, atMs: receivedAtMs, type, sessionId: undefined, resource: undefined, event }
  return { sessions: [], sessionsEnded: [], runs: [], events: [row], quarantined: event.reason }
}

function rowOf(seq: number, atMs: number, event: EvidenceEvent): EventRow {
  return {
    seq,
    atMs,
    type: event.type,
    sessionId: 'sessionId' in event ? event.sessionId : undefined,
    resource:
      'resource' in event ? storableText(event.resource).slice(0, longestIndexedName).toWellFormed() : undefined,
    event: storable(event) as Record<string, unknown>,
  }
}

function checkSessionId(sessionId: string, seq: number): void {
  if (!/^[\w.:-]{1,128}$/.test(sessionId)) throw invalid(seq, 'a session id of an unknown form')
}

/**
 * PostgreSQL has no NUL in texts and no lone surrogate in JSON, and clients may put either into a name. The index shows
 * U+FFFD in their place; the segment keeps what was sent.
 */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed()
}

/** The same for everything in a value; `undefined` goes, as JSON has none. */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(storable)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [storableText(name), storable(part)]))
}
