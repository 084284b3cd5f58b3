import type { SealedSegment, SegmentAnswer } from '@weir/contracts'
import { and, eq } from 'drizzle-orm'
import type { SegmentIndex } from '../ingest/projection.ts'
import type { Queries } from './database.ts'
import { insertEvents, insertRuns } from './index-rows.ts'
import { auditSegment, gatewayCursor } from './schema.ts'
import { endSessions, startSessions } from './session-rows.ts'

/** What the first segment of an epoch starts with. */
export const epochStart = { seq: 1, headSha256: '0'.repeat(64) } as const

type HashedSegment = SealedSegment & { readonly headerSha256: string }

/**
 * Takes a segment exactly once: advances the cursor of its (gateway, epoch) only from the segment before it, and stores the
 * body and the index rows in the same transaction. Whatever comes twice, early or otherwise is answered, never stored.
 */
export function appendSegment(
  queries: Queries,
  segment: HashedSegment,
  index: SegmentIndex,
  atMs: number,
): Promise<SegmentAnswer> {
  return queries.transaction(async (transaction) => {
    if (!(await advanceCursor(transaction, segment))) return classify(transaction, segment)
    const { header } = segment
    const { version: _version, ...columns } = header
    const [stored] = await transaction
      .insert(auditSegment)
      .values({
        ...columns,
        headerSha256: segment.headerSha256,
        signature: segment.signature,
        body: segment.body,
        receivedAtMs: atMs,
      })
      .returning({ id: auditSegment.id })
    await startSessions(transaction, header.gatewayId, index.sessions)
    await endSessions(transaction, header.gatewayId, index.sessionsEnded)
    await insertRuns(transaction, stored!.id, index.runs)
    await insertEvents(transaction, stored!.id, index.events)
    return { outcome: 'stored', nextSeq: header.lastSeq + 1, headSha256: segment.headerSha256 }
  })
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
          ),
        )
        .returning({ nextSeq: gatewayCursor.nextSeq })
  return moved.length > 0
}

/** Why the cursor did not move. */
async function classify(transaction: Queries, { header, headerSha256 }: HashedSegment): Promise<SegmentAnswer> {
  const { gatewayId, epoch } = header
  const [cursor = { nextSeq: epochStart.seq, headSha256: epochStart.headSha256 }] = await transaction
    .select({ nextSeq: gatewayCursor.nextSeq, headSha256: gatewayCursor.headSha256 })
    .from(gatewayCursor)
    .where(and(eq(gatewayCursor.gatewayId, gatewayId), eq(gatewayCursor.epoch, epoch)))
  if (header.firstSeq > cursor.nextSeq) return { outcome: 'gap', ...cursor }
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
  return { outcome: same?.headerSha256 === headerSha256 ? 'duplicate' : 'fork', ...cursor }
}
