import { createLogger } from '@weir/kernel'
import type { Logger } from '@weir/kernel'
import { needs, startPostgres, temporaryFolder } from '@weir/testing'
import type { StoreLocation } from '../src/store/open-store.ts'

export const quiet: Logger = createLogger({ app: 'test', level: 'error' })

/** A place for a store of its own, on one of the two databases. */
export type StorePlace = { readonly location: StoreLocation; remove(): Promise<void> }

export const storeKinds = [
  { kind: 'postgresql' as const, present: needs('postgres'), place: placeOnPostgres },
  { kind: 'pglite' as const, present: true, place: placeInFolder },
]

/** The database that is quick to start here. */
export function anyStorePlace(): Promise<StorePlace> {
  return needs('postgres') ? placeOnPostgres() : placeInFolder()
}

async function placeOnPostgres(): Promise<StorePlace> {
  const server = await startPostgres()
  return { location: { url: server.url, connections: 6 }, remove: () => server.stop() }
}

function placeInFolder(): Promise<StorePlace> {
  const folder = temporaryFolder()
  return Promise.resolve({
    location: { folder: `${folder.path}/pglite` },
    remove: () => Promise.resolve(folder.remove()),
  })
}
