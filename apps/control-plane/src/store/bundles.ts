import { and, desc, gt, isNull, sql } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { bundleState, policyRevision, weirKey } from './schema.ts'
import type { BundleContent } from './store.ts'

export const bundleChannel = 'weir_bundle'

/**
 * Raises the bundle revision within a transaction and says so when that commits. The row lock makes all changes of
 * policies and keys queue up, so what a change read of them before is still so when it writes.
 */
export async function raiseBundleRevision(transaction: Queries): Promise<number> {
  const [state] = await transaction
    .update(bundleState)
    .set({ revision: sql`${bundleState.revision} + 1` })
    .returning({ revision: bundleState.revision })
  await transaction.execute(sql`select pg_notify(${bundleChannel}, '')`)
  return state!.revision
}

/** Takes the lock that {@link raiseBundleRevision} takes, without raising. */
export async function lockBundle(transaction: Queries): Promise<void> {
  await transaction.select().from(bundleState).for('update')
}

export async function readBundleRevision(queries: Queries): Promise<number> {
  const [state] = await queries.select({ revision: bundleState.revision }).from(bundleState)
  return state!.revision
}

export function readBundle(queries: Queries, nowMs: number): Promise<BundleContent> {
  return queries.transaction(
    async (transaction) => {
      const revision = await readBundleRevision(transaction)
      const [policy] = await transaction
        .select({ revision: policyRevision.revision, yaml: policyRevision.yaml })
        .from(policyRevision)
        .orderBy(desc(policyRevision.bundleRevision))
        .limit(1)
      const keys = await transaction
        .select()
        .from(weirKey)
        .where(and(isNull(weirKey.revokedAtMs), gt(weirKey.expiresAtMs, nowMs)))
        .orderBy(weirKey.id)
      return {
        revision,
        policy,
        keys: keys.map((key) => ({
          id: key.id,
          issuer: key.issuer,
          subject: key.subject,
          ...(key.displayName === null ? {} : { displayName: key.displayName }),
          groups: key.groups,
          expiresAtMs: key.expiresAtMs,
          scramSha256: key.scramSha256,
          scramSha512: key.scramSha512,
        })),
      }
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}
