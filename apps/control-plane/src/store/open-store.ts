import { WeirError } from '@weir/kernel'
import type { Logger } from '@weir/kernel'
import { bundleChannel, readBundle, readBundleRevision } from './bundles.ts'
import type { Database } from './database.ts'
import { openPglite, openPostgres } from './database.ts'
import { createEvidenceStore } from './evidence.ts'
import { faultOf } from './faults.ts'
import { createGatewayStore } from './gateways.ts'
import { createKeyStore } from './keys.ts'
import { migrate } from './migrations.ts'
import { ensurePartitions } from './partitions.ts'
import { createPolicyStore } from './policies.ts'
import { createSessionStore } from './sessions.ts'
import type { Store } from './store.ts'

export type StoreLocation = { readonly url: string; readonly connections: number } | { readonly folder: string }

/** Opens the database and brings it up to date. Throws WEIR_STORE_UNAVAILABLE when it is another's, or a newer one. */
export async function openStore(location: StoreLocation, logger: Logger): Promise<Store> {
  const database = 'url' in location ? openPostgres({ ...location, logger }) : await openPglite(location.folder)
  try {
    const applied = await migrate(database.queries)
    if (applied.length > 0) logger.info({ count: applied.length, reason: applied.join(', ') }, 'database migrated')
    return storeOn(database)
  } catch (error) {
    await database.close()
    const fault = faultOf(error)
    if (fault.kind !== 'unavailable') throw error
    const message = `The database does not answer (${fault.summary}); look at \`database.url\` and at the server.`
    throw new WeirError('WEIR_STORE_UNAVAILABLE', message, { cause: error })
  }
}

function storeOn(database: Database): Store {
  const { queries } = database
  return {
    kind: database.kind,
    evidence: createEvidenceStore(queries),
    gateways: createGatewayStore(queries),
    keys: createKeyStore(queries),
    policies: createPolicyStore(queries),
    sessions: createSessionStore(queries),
    ensurePartitions: (nowMs) => ensurePartitions(queries, nowMs),
    bundle: (nowMs) => readBundle(queries, nowMs),
    bundleRevision: () => readBundleRevision(queries),
    onBundleChange: (listener) => database.listen(bundleChannel, listener),
    close: () => database.close(),
  }
}
