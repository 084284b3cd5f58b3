import type { SegmentHeader } from '@weir/contracts'
import { asc, eq, gt, sql } from 'drizzle-orm'
import { indexOf, quarantineIndex, unstorableReason } from '../ingest/projection.ts'
import type { SegmentIndex } from '../ingest/projection.ts'
import type { Queries } from './database.ts'
import { isUnstorable } from './faults.ts'
import { auditSegment } from './schema.ts'
import { insertIndex } from './segments.ts'

/** Segments that are read at a time. */
const pageSize = 32

export type Rebuilt = { readonly segments: number; readonly quarantined: number }

/**
 * Throws away everything that is derived from segments, and derives it again, in one transaction: who looks meanwhile waits,
 * and so does evidence that comes in; when it fails, all is as it was. Segments that could not be read are tried again,
 * since a newer version may know how. Principals keep their ids.
 */
export function rebuildIndex(queries: Queries): Promise<Rebuilt> {
  return queries.transaction(async (transaction) => {
    await transaction.execute(sql`truncate access_run_kafka, evidence_event, session`)
    let [segments, quarantined, after] = [0, 0, 0]
    for (;;) {
      const page = await transaction
        .select()
        .from(auditSegment)
        .where(gt(auditSegment.id, after))
        .orderBy(asc(auditSegment.id))
        .limit(pageSize)
      for (const row of page) {
        const index = await insertAgain(transaction, row)
        segments += 1
        if (index.quarantined !== undefined) quarantined += 1
        after = row.id
      }
      if (page.length < pageSize) return { segments, quarantined }
    }
  })
}

type Row = typeof auditSegment.$inferSelect

async function insertAgain(transaction: Queries, row: Row): Promise<SegmentIndex> {
  const header = headerOf(row)
  let index = indexOf({ header, body: row.body }, row.receivedAtMs)
  try {
    await transaction.transaction((attempt) => insertIndex(attempt, row, index))
  } catch (error) {
    if (!isUnstorable(error) || index.quarantined !== undefined) throw error
    index = quarantineIndex(header, row.receivedAtMs, unstorableReason)
    await insertIndex(transaction, row, index)
  }
  const quarantined = index.quarantined ?? null
  if (quarantined !== row.quarantined) {
    await transaction.update(auditSegment).set({ quarantined }).where(eq(auditSegment.id, row.id))
  }
  return index
}

function headerOf(row: Row): SegmentHeader {
  const { gatewayId, epoch, firstSeq, lastSeq, firstAtMs, lastAtMs, events, sha256, previousSha256 } = row
  return { version: 1, gatewayId, epoch, firstSeq, lastSeq, firstAtMs, lastAtMs, events, sha256, previousSha256 }
}
