import type { Adapter } from 'oidc-provider'

type Entry = { readonly kind: string; readonly payload: Record<string, unknown>; readonly expiresAtMs: number }

/** Enough for any sandbox; the oldest goes first, so that a loop of logins cannot fill the memory. */
const maxEntries = 10_000

/** What the provider remembers, in memory and apart from it, so that it outlives a change of keys. */
export function createMemoryStore(): (kind: string) => Adapter {
  const entries = new Map<string, Entry>()

  const live = (key: string) => {
    const entry = entries.get(key)
    if (entry === undefined || entry.expiresAtMs > Date.now()) return entry?.payload
    entries.delete(key)
    return undefined
  }
  const search = (kind: string, field: string, value: string) => {
    for (const [key, entry] of entries) {
      if (entry.kind === kind && entry.payload[field] === value) return live(key)
    }
    return undefined
  }

  return (kind) => ({
    upsert: async (id, payload, expiresInSeconds) => {
      const expiresAtMs = expiresInSeconds === undefined ? Infinity : Date.now() + expiresInSeconds * 1000
      entries.delete(`${kind}:${id}`)
      entries.set(`${kind}:${id}`, { kind, payload, expiresAtMs })
      const oldest = entries.keys().next().value
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest)
    },
    find: async (id) => live(`${kind}:${id}`),
    findByUid: async (uid) => search(kind, 'uid', uid),
    findByUserCode: async (userCode) => search(kind, 'userCode', userCode),
    consume: async (id) => {
      const payload = live(`${kind}:${id}`)
      if (payload !== undefined) payload['consumed'] = Math.floor(Date.now() / 1000)
    },
    destroy: async (id) => {
      entries.delete(`${kind}:${id}`)
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, { payload }] of entries) if (payload['grantId'] === grantId) entries.delete(key)
    },
  })
}
