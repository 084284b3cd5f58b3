import type { EvidenceEvent, KafkaAccess, SessionEnded, SessionStarted } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { DecodedSegment } from '@weir/recording'

/**
 * No run in the index is longer, so that "last >= x and last < x + cap" bounds the search for a position.
 * The check in the table says the same number.
 */
export const spanCap = 16_384

/** What the index keeps of one segment. Derived from the events alone: it can be dropped and built again. */
export type SegmentIndex = {
  /** Every session that the segment mentions: each segment repeats who they are. */
  readonly sessions: readonly { readonly atMs: number; readonly event: SessionStarted }[]
  readonly sessionsEnded: readonly { readonly atMs: number; readonly event: SessionEnded }[]
  readonly runs: readonly RunRow[]
  readonly events: readonly EventRow[]
}

/** One contiguous run of offsets of one access. `piece` numbers the runs of an event. */
export type RunRow = {
  readonly seq: number
  readonly piece: number
  readonly atMs: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly event: KafkaAccess
}

export type EventRow = {
  readonly seq: number
  readonly atMs: number
  readonly type: string
  readonly sessionId: string | undefined
  readonly resource: string | undefined
  readonly event: Record<string, unknown>
}

/** Projects a segment. Throws WEIR_SEGMENT_INVALID for events that cannot have happened. */
export function projectSegment({ events, sessions }: DecodedSegment): SegmentIndex {
  const ended = new Map<string, SegmentIndex['sessionsEnded'][number]>()
  const runs: RunRow[] = []
  const rows: EventRow[] = []
  for (const { seq, atMs, event } of events) {
    if ('sessionId' in event) checkSessionId(event.sessionId, seq)
    if (event.type === 'kafka.publish' || event.type === 'kafka.consume') {
      runs.push(...runsOf(seq, atMs, event))
      continue
    }
    // The first wins, as it does over several segments.
    if (event.type === 'session.end' && !ended.has(event.sessionId)) ended.set(event.sessionId, { atMs, event })
    rows.push(rowOf(seq, atMs, event))
  }
  const identities = [...sessions.values()].map(({ startedAtMs, session }) => ({ atMs: startedAtMs, event: session }))
  return { sessions: identities, sessionsEnded: [...ended.values()], runs, events: rows }
}

function runsOf(seq: number, atMs: number, event: KafkaAccess): RunRow[] {
  const rows: RunRow[] = []
  const runs = event.runs ?? [[event.firstOffset, event.lastOffset] as const]
  let previousLast = -1
  for (const [first, last] of runs) {
    const valid = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first > previousLast && first <= last
    if (!valid) throw invalid(seq, `offsets ${first} to ${last} are no run`)
    previousLast = last
    for (let from = first; from <= last; from += spanCap) {
      const lastOffset = Math.min(last, from + spanCap - 1)
      rows.push({ seq, piece: rows.length, atMs, firstOffset: from, lastOffset, event })
      if (rows.length > largestRunsOfEvent) throw invalid(seq, `more than ${largestRunsOfEvent} runs`)
    }
  }
  if (rows.length === 0) throw invalid(seq, 'an access without an offset')
  const { partition } = event
  if (!Number.isInteger(partition) || partition < 0 || partition > 0x7fffffff) throw invalid(seq, 'no such partition')
  if (event.topic.length > longestIndexedName) throw invalid(seq, 'a topic name that no broker takes')
  return rows
}

/** One fetch of a compacted partition may have a hole after every record; a response of 50 MiB has fewer than these. */
const largestRunsOfEvent = 1_000_000

/** A btree row must fit a third of a page (2.7 KB); UTF-8 takes up to four bytes. Names that are longer are kept in the event. */
const longestIndexedName = 512

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

function invalid(seq: number, what: string): WeirError {
  return new WeirError('WEIR_SEGMENT_INVALID', `Event ${seq} cannot be: ${what}.`)
}
