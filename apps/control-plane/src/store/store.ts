/** What the control plane keeps. One port; PostgreSQL and PGlite behind it, held to the same contract test. */
import type {
  Access,
  EvidenceEntry,
  Heartbeat,
  KeyVerifier,
  Principal,
  Protocol,
  SealedSegment,
  SegmentAnswer,
  SessionView,
} from '@weir/contracts'
import type { SegmentIndex } from '../ingest/projection.ts'

/** Who did something at the control plane. */
export type Author = { readonly issuer: string; readonly subject: string }

export type Page<T> = { readonly items: readonly T[]; readonly next: string | undefined }
export type PageQuery = { readonly limit: number; readonly cursor?: string | undefined }

export type StoredPolicy = {
  readonly revision: string
  readonly bundleRevision: number
  readonly yaml: string
  readonly appliedAtMs: number
  readonly appliedBy: Author
  readonly comment: string | undefined
}

export type StoredKey = Omit<KeyVerifier, 'scramSha256' | 'scramSha512'> & {
  readonly description: string | undefined
  readonly createdAtMs: number
  readonly createdBy: Author
  readonly revokedAtMs: number | undefined
}

export type StoredGateway = Omit<Heartbeat, 'publicKey'> & {
  readonly keyId: string
  readonly subject: string
  readonly firstSeenAtMs: number
  readonly lastSeenAtMs: number
  /** Of which it told two histories. */
  readonly forkedEpochs: readonly string[]
}

export type BundleContent = {
  readonly revision: number
  readonly policy: { readonly revision: string; readonly yaml: string } | undefined
  /** Neither revoked nor expired. */
  readonly keys: readonly KeyVerifier[]
}

export type Look = {
  readonly atMs: number
  readonly principal: Pick<Principal, 'issuer' | 'subject' | 'actors' | 'credentialId'>
  readonly peer: string
  readonly route: string
  readonly query: Readonly<Record<string, unknown>>
}

export type PolicyStore = {
  current(): Promise<StoredPolicy | undefined>
  /** Newest first. */
  list(query: PageQuery): Promise<Page<StoredPolicy>>
  /**
   * Puts a text in force and raises the bundle revision; the text that is in force already changes nothing.
   * `conflict`: the revision in force, when `expected` names another. `onlyFirst`: only into an empty store.
   */
  apply(change: {
    revision: string
    yaml: string
    by: Author
    atMs: number
    comment: string | undefined
    expected: string | undefined
    onlyFirst?: boolean
  }): Promise<{ applied: StoredPolicy } | { conflict: string }>
}

export type KeyStore = {
  /** Both raise the bundle revision. */
  create(key: StoredKey, verifiers: Pick<KeyVerifier, 'scramSha256' | 'scramSha512'>): Promise<void>
  /** The key as it is now; revoking twice changes nothing. Undefined: there is none. */
  revoke(id: string, by: Author, atMs: number): Promise<StoredKey | undefined>
  find(id: string): Promise<StoredKey | undefined>
  /** Newest first; of one owner or of all. */
  list(owner: Author | undefined): Promise<readonly StoredKey[]>
}

export type GatewayStore = {
  /** `conflict`: the id is enrolled with another key or identity; nothing was changed. */
  beat(beat: {
    heartbeat: Omit<Heartbeat, 'publicKey'>
    keyId: string
    publicKey: Uint8Array
    /** Injective key of the identity that authenticated, and its readable form. */
    identity: string
    subject: string
    atMs: number
  }): Promise<'enrolled' | 'known' | 'conflict'>
  /** SPKI bytes. */
  publicKey(gatewayId: string): Promise<Uint8Array | undefined>
  list(): Promise<readonly StoredGateway[]>
}

export type AccessQuery = {
  readonly action: 'publish' | 'consume'
  readonly topic: string
  readonly topicId?: string | undefined
  readonly partition: number
  readonly offset: number
}

export type EvidenceQuery = PageQuery & {
  readonly type?: string | undefined
  readonly sessionId?: string | undefined
  readonly subject?: string | undefined
  readonly resource?: string | undefined
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
}

export type EvidenceStore = {
  /**
   * Compare-and-set on the cursor, the segment whole, and its index rows: all in one transaction. A fork is set aside and
   * ends its epoch.
   */
  append(segment: SealedSegment & { headerSha256: string }, index: SegmentIndex, atMs: number): Promise<SegmentAnswer>
  /** Derives the index anew from the segments, all or nothing; counts them, and those that cannot be read. */
  rebuildIndex(): Promise<{ readonly segments: number; readonly quarantined: number }>
  /** Newest first; looks at evidence among them. */
  list(query: EvidenceQuery): Promise<Page<EvidenceEntry>>
  /** Oldest first. `more`: there are more than the 10,000 that are answered. */
  access(query: AccessQuery): Promise<{ readonly accesses: readonly Access[]; readonly more: boolean }>
  recordLook(look: Look): Promise<void>
}

export type SessionStore = {
  /** Newest first. */
  list(
    query: PageQuery & {
      readonly subject?: string | undefined
      readonly protocol?: Protocol | undefined
      readonly open?: boolean | undefined
    },
  ): Promise<Page<SessionView>>
  find(id: string): Promise<SessionView | undefined>
}

export type Store = {
  readonly kind: 'postgresql' | 'pglite'
  readonly evidence: EvidenceStore
  readonly gateways: GatewayStore
  readonly keys: KeyStore
  readonly policies: PolicyStore
  readonly sessions: SessionStore
  /** Makes the partitions of the days around this one that are missing; gives their names. */
  ensurePartitions(nowMs: number): Promise<readonly string[]>
  /** Policy and keys as of one moment. */
  bundle(nowMs: number): Promise<BundleContent>
  /** The bundle's revision alone: cheap. Also tells whether the database answers. */
  bundleRevision(): Promise<number>
  /** Calls back when any process raised the bundle revision. Returns how to stop. */
  onBundleChange(listener: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}
