import type { SealedSegment, SegmentAnswer } from '@weir/contracts'
import { and, eq, isNull } from 'drizzle-orm'
import type { SegmentIndex } from '../ingest/projection.ts'
import type { Queries } from './database.ts'
import { insertEvents, insertRuns } from './index-rows.ts'
import { auditFork, auditSegment, gatewayCursor } from './schema.ts'
import { endSessions, startSessions } from './session-rows.ts'

/** What the first segment of an epoch starts with. */
export const epochStart = { seq: 1, headSha256: '0'.repeat(64) } as const

type HashedSegment = SealedSegment & { readonly headerSha256: string }

/**
 * Takes a segment exactly once: advances the cursor of its (gateway, epoch) only from the segment before it, and stores the
 * body and the index rows in the same transaction. Whatever comes twice or early is answered, never stored. What tells
 * another history than the one on record is set aside, once, and ends the epoch: `fork` is the answer to all that follows.
 */
export function appendSegment(
  queries: Queries,
  segment: HashedSegment,
  index: SegmentIndex,
  atMs: number,
): Promise<SegmentAnswer> {
  return queries.transaction(async (transaction) => {
    if (!(await advanceCursor(transaction, segment))) {
      const refusal = await classify(transaction, segment, atMs)
      if (refusal !== 'in turn') return refusal
      // Its predecessor was stored between the two looks at the cursor, which is locked now.
      await advanceCursor(transaction, segment)
    }
    const { version: _version, ...columns } = segment.header
    const [stored] = await transaction
      .insert(auditSegment)
      .values({
        ...columns,
        headerSha256: segment.headerSha256,
        signature: segment.signature,
        body: segment.body,
        receivedAtMs: atMs,
        quarantined: index.quarantined ?? null,
      })
      .returning({ id: auditSegment.id })
    await insertIndex(transaction, { id: stored!.id, gatewayId: segment.header.gatewayId }, index)
    return { outcome: 'stored', nextSeq: segment.header.lastSeq + 1, headSha256: segment.headerSha256 }
  })
}

/** The index rows of a segment that is stored. */
export async function insertIndex(
  transaction: Queries,
  segment: { readonly id: number; readonly gatewayId: string },
  index: SegmentIndex,
): Promise<void> {
  await startSessions(transaction, segment.gatewayId, index.sessions)
  await endSessions(transaction, segment.gatewayId, index.sessionsEnded)
  await insertRuns(transaction, segment.id, index.runs)
  await insertEvents(transaction, segment.id, index.events)
}

/** False when the cursor stands elsewhere. A second sender of the same segment waits here for the first, then finds it moved. */
async function advanceCursor(transaction: Queries, { header, headerSha256 }: HashedSegment): Promise<boolean> {
  const { gatewayId, epoch } = header
  const next = { nextSeq: header.lastSeq + 1, headSha256: headerSha256 }
  const isFirst = header.firstSeq === epochStart.seq && header.previousSha256 === epochStart.headSha256
  const moved = isFirst
    ? await transaction
        .insert(gatewayCursor)
        .values({ gatewayId, epoch, ...next })
        .onConflictDoNothing()
        .returning({ nextSeq: gatewayCursor.nextSeq })
    : await transaction
        .update(gatewayCursor)
        .set(next)
        .where(
          and(
            eq(gatewayCursor.gatewayId, gatewayId),
            eq(gatewayCursor.epoch, epoch),
            eq(gatewayCursor.nextSeq, header.firstSeq),
            eq(gatewayCursor.headSha256, header.previousSha256),
            isNull(gatewayCursor.forkedAtMs),
          ),
        )
        .returning({ nextSeq: gatewayCursor.nextSeq })
  return moved.length > 0
}

/** Why the cursor did not move; locks it. `in turn`: it could by now. */
async function classify(
  transaction: Queries,
  segment: HashedSegment,
  atMs: number,
): Promise<SegmentAnswer | 'in turn'> {
  const { header, headerSha256 } = segment
  const { gatewayId, epoch } = header
  const [cursor] = await transaction
    .select()
    .from(gatewayCursor)
    .where(and(eq(gatewayCursor.gatewayId, gatewayId), eq(gatewayCursor.epoch, epoch)))
    .for('update')
  const nextSeq = cursor?.nextSeq ?? epochStart.seq
  const headSha256 = cursor?.headSha256 ?? epochStart.headSha256
  const answer = (outcome: SegmentAnswer['outcome']) => ({ outcome, nextSeq, headSha256 })
  if (header.firstSeq > nextSeq) return answer('gap')
  const [same] = await transaction
    .select({ headerSha256: auditSegment.headerSha256 })
    .from(auditSegment)
    .where(
      and(
        eq(auditSegment.gatewayId, gatewayId),
        eq(auditSegment.epoch, epoch),
        eq(auditSegment.firstSeq, header.firstSeq),
      ),
    )
  if (same?.headerSha256 === headerSha256) return answer('duplicate')
  const isForked = cursor !== undefined && cursor.forkedAtMs !== null
  if (!isForked && header.firstSeq === nextSeq && header.previousSha256 === headSha256) return 'in turn'
  if (!isForked) await setFork(transaction, segment, { atMs, nextSeq, headSha256 })
  return answer('fork')
}

async function setFork(
  transaction: Queries,
  { header, headerSha256, signature, body }: HashedSegment,
  { atMs, ...cursor }: { atMs: number; nextSeq: number; headSha256: string },
): Promise<void> {
  const { gatewayId, epoch } = header
  await transaction
    .insert(auditFork)
    .values({ gatewayId, epoch, header, headerSha256, signature, body, receivedAtMs: atMs })
    .onConflictDoNothing()
  await transaction
    .insert(gatewayCursor)
    .values({ gatewayId, epoch, ...cursor, forkedAtMs: atMs })
    .onConflictDoUpdate({ target: [gatewayCursor.gatewayId, gatewayCursor.epoch], set: { forkedAtMs: atMs } })
}
