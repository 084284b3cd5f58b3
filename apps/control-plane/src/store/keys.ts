import { and, desc, eq, isNull } from 'drizzle-orm'
import { raiseBundleRevision } from './bundles.ts'
import type { Queries } from './database.ts'
import { weirKey } from './schema.ts'
import type { KeyStore, StoredKey } from './store.ts'

export function createKeyStore(queries: Queries): KeyStore {
  const find = async (on: Queries, id: string): Promise<StoredKey | undefined> => {
    const [row] = await on.select().from(weirKey).where(eq(weirKey.id, id))
    return row === undefined ? undefined : keyOf(row)
  }
  return {
    find: (id) => find(queries, id),

    create: (key, verifiers) =>
      queries.transaction(async (transaction) => {
        await raiseBundleRevision(transaction)
        const { createdBy, ...columns } = key
        await transaction.insert(weirKey).values({
          ...columns,
          ...verifiers,
          createdByIssuer: createdBy.issuer,
          createdBySubject: createdBy.subject,
        })
      }),

    revoke: (id, by, atMs) =>
      queries.transaction(async (transaction) => {
        const [row] = await transaction
          .update(weirKey)
          .set({ revokedAtMs: atMs, revokedByIssuer: by.issuer, revokedBySubject: by.subject })
          .where(and(eq(weirKey.id, id), isNull(weirKey.revokedAtMs)))
          .returning()
        if (row === undefined) return find(transaction, id)
        await raiseBundleRevision(transaction)
        return keyOf(row)
      }),

    async list(owner) {
      const rows = await queries
        .select()
        .from(weirKey)
        .where(owner && and(eq(weirKey.issuer, owner.issuer), eq(weirKey.subject, owner.subject)))
        .orderBy(desc(weirKey.createdAtMs), desc(weirKey.id))
      return rows.map(keyOf)
    },
  }
}

/** Everything but the verifiers: those go into the bundle and nowhere else. */
function keyOf(row: typeof weirKey.$inferSelect): StoredKey {
  return {
    id: row.id,
    issuer: row.issuer,
    subject: row.subject,
    ...(row.displayName === null ? {} : { displayName: row.displayName }),
    groups: row.groups,
    expiresAtMs: row.expiresAtMs,
    description: row.description ?? undefined,
    createdAtMs: row.createdAtMs,
    createdBy: { issuer: row.createdByIssuer, subject: row.createdBySubject },
    revokedAtMs: row.revokedAtMs ?? undefined,
  }
}
