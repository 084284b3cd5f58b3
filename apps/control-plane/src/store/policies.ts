import { desc, lt } from 'drizzle-orm'
import { z } from 'zod'
import { lockBundle, raiseBundleRevision } from './bundles.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { Queries } from './database.ts'
import { policyRevision } from './schema.ts'
import type { PolicyStore, StoredPolicy } from './store.ts'

type Row = typeof policyRevision.$inferSelect

export function createPolicyStore(queries: Queries): PolicyStore {
  return {
    current: () => readCurrent(queries),

    async list({ limit, cursor }) {
      const before = decodeCursor(cursor, z.tuple([z.int()]))
      const rows = await queries
        .select()
        .from(policyRevision)
        .where(before === undefined ? undefined : lt(policyRevision.bundleRevision, before[0]))
        .orderBy(desc(policyRevision.bundleRevision))
        .limit(limit + 1)
      const items = rows.slice(0, limit).map(policyOf)
      const next = rows.length > limit ? encodeCursor([items.at(-1)!.bundleRevision]) : undefined
      return { items, next }
    },

    apply: (change) =>
      queries.transaction(async (transaction) => {
        await lockBundle(transaction)
        const current = await readCurrent(transaction)
        if (change.onlyFirst === true && current !== undefined) return { conflict: current.revision }
        if (change.expected !== undefined && change.expected !== current?.revision) {
          return { conflict: current?.revision ?? '' }
        }
        if (current?.revision === change.revision) return { applied: current }
        const [row] = await transaction
          .insert(policyRevision)
          .values({
            bundleRevision: await raiseBundleRevision(transaction),
            revision: change.revision,
            yaml: change.yaml,
            appliedAtMs: change.atMs,
            appliedByIssuer: change.by.issuer,
            appliedBySubject: change.by.subject,
            comment: change.comment,
          })
          .returning()
        return { applied: policyOf(row!) }
      }),
  }
}

async function readCurrent(queries: Queries): Promise<StoredPolicy | undefined> {
  const [row] = await queries.select().from(policyRevision).orderBy(desc(policyRevision.bundleRevision)).limit(1)
  return row === undefined ? undefined : policyOf(row)
}

function policyOf(row: Row): StoredPolicy {
  return {
    revision: row.revision,
    bundleRevision: row.bundleRevision,
    yaml: row.yaml,
    appliedAtMs: row.appliedAtMs,
    appliedBy: { issuer: row.appliedByIssuer, subject: row.appliedBySubject },
    comment: row.comment ?? undefined,
  }
}
