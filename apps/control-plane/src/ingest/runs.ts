import type { KafkaAccess } from '@weir/contracts'
import { invalid } from './invalid.ts'
import type { Batch } from './run-batches.ts'

/**
 * No run in the index is longer, so that "last >= x and last < x + cap" bounds the search for a position.
 * The check in the table says the same number.
 */
export const spanCap = 16_384

/** No run lasts longer, so that a list by time finds every run that reaches into a moment. */
export const runTimeMs = 1_000

/**
 * One contiguous run of offsets: of one access, or of several of one session that followed each other without a hole.
 * `piece` numbers the runs of an access that has several; such a one is never joined with another.
 */
export type RunRow = {
  /** Of the first access, like `atMs` and `event`. */
  readonly seq: number
  readonly piece: number
  readonly atMs: number
  readonly firstOffset: number
  lastOffset: number
  readonly event: KafkaAccess
  /** The accesses after the first. */
  readonly later: Batch[]
}

/** Makes runs of the accesses of one segment, which come in their order. */
export class RunCollector {
  readonly rows: RunRow[] = []
  /** The newest run of each session, partition and action: the only one that may go on. */
  readonly #open = new Map<string, RunRow>()

  /** Throws WEIR_SEGMENT_INVALID for an access that cannot have happened. */
  add(seq: number, atMs: number, event: KafkaAccess): void {
    const pieces = piecesOf(seq, atMs, event)
    const key = `${event.type} ${event.sessionId} ${event.partition} ${event.topic}`
    const [piece, ...others] = pieces
    const open = this.#open.get(key)
    if (open !== undefined && others.length === 0 && follows(open, piece!)) {
      open.lastOffset = piece!.lastOffset
      open.later.push({ seq, atMs, firstOffset: piece!.firstOffset })
      return
    }
    this.rows.push(...pieces)
    if (others.length === 0) this.#open.set(key, piece!)
    else this.#open.delete(key)
  }
}

/** Whether everything that is told of a run is true of its next access too. */
function follows(run: RunRow, next: RunRow): boolean {
  const [ours, theirs] = [run.event, next.event]
  const lastMs = run.later.at(-1)?.atMs ?? run.atMs
  return (
    next.firstOffset === run.lastOffset + 1 &&
    next.lastOffset - run.firstOffset < spanCap &&
    next.atMs >= lastMs &&
    next.atMs - run.atMs <= runTimeMs &&
    theirs.topicId === ours.topicId &&
    theirs.clientId === ours.clientId &&
    theirs.group === ours.group &&
    theirs.ruleId === ours.ruleId &&
    theirs.policyRevision === ours.policyRevision &&
    // Asked for from its first offset on: then there is nothing to tell of what was asked for.
    (theirs.requestedOffset === undefined || theirs.requestedOffset <= next.firstOffset) &&
    theirs.producerId === ours.producerId &&
    theirs.producerEpoch === ours.producerEpoch &&
    theirs.baseSequence === sequenceAt(ours.baseSequence, next.firstOffset - run.firstOffset)
  )
}

/** The sequence number of a producer this many records on: after 2^31 - 1 comes 0. */
export function sequenceAt(baseSequence: number | undefined, records: number): number | undefined {
  return baseSequence === undefined ? undefined : (baseSequence + records) % 2 ** 31
}

function piecesOf(seq: number, atMs: number, event: KafkaAccess): RunRow[] {
  const rows: RunRow[] = []
  const runs = event.runs ?? [[event.firstOffset, event.lastOffset] as const]
  let previousLast = -1
  for (const [first, last] of runs) {
    const valid = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first > previousLast && first <= last
    if (!valid) throw invalid(seq, `offsets ${first} to ${last} are no run`)
    previousLast = last
    for (let from = first; from <= last; from += spanCap) {
      const lastOffset = Math.min(last, from + spanCap - 1)
      rows.push({ seq, piece: rows.length, atMs, firstOffset: from, lastOffset, event, later: [] })
      if (rows.length > largestRunsOfEvent) throw invalid(seq, `more than ${largestRunsOfEvent} runs`)
    }
  }
  if (rows.length === 0) throw invalid(seq, 'an access without an offset')
  const { partition } = event
  if (!Number.isInteger(partition) || partition < 0 || partition > 0x7fffffff) throw invalid(seq, 'no such partition')
  if (event.topic.length > longestTopic) throw invalid(seq, 'a topic name that no broker takes')
  return rows
}

/** One fetch of a compacted partition may have a hole after every record; a response of 50 MiB has fewer than these. */
const largestRunsOfEvent = 1_000_000

/** A btree row must fit a third of a page (2.7 KB); UTF-8 takes up to four bytes. Kafka takes 249 characters. */
const longestTopic = 512
