/**
 * The tables as drizzle sees them. The SQL files in `drizzle/` are what is applied (they hold what drizzle cannot say:
 * storage, partial indexes, checks); a test compares the two, column by column.
 */
import type { KeyVerifier, SegmentHeader, SessionView } from '@weir/contracts'
import { bigint, boolean, customType, integer, jsonb, pgTable, primaryKey, smallint, text } from 'drizzle-orm/pg-core'

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })
/** Unix milliseconds, sequence numbers, offsets: safe integers all of them. */
const int8 = (name: string) => bigint(name, { mode: 'number' })

export type StoredActor = { issuer: string; subject: string }

export const auditSegment = pgTable('audit_segment', {
  id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
  gatewayId: text('gateway_id').notNull(),
  epoch: text().notNull(),
  firstSeq: int8('first_seq').notNull(),
  lastSeq: int8('last_seq').notNull(),
  firstAtMs: int8('first_at_ms').notNull(),
  lastAtMs: int8('last_at_ms').notNull(),
  events: integer().notNull(),
  sha256: text().notNull(),
  previousSha256: text('previous_sha256').notNull(),
  headerSha256: text('header_sha256').notNull(),
  signature: text().notNull(),
  body: bytea().notNull(),
  receivedAtMs: int8('received_at_ms').notNull(),
  quarantined: text(),
})

export const auditFork = pgTable(
  'audit_fork',
  {
    gatewayId: text('gateway_id').notNull(),
    epoch: text().notNull(),
    header: jsonb().$type<SegmentHeader>().notNull(),
    headerSha256: text('header_sha256').notNull(),
    signature: text().notNull(),
    body: bytea().notNull(),
    receivedAtMs: int8('received_at_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.gatewayId, table.epoch] })],
)

export const gatewayCursor = pgTable(
  'gateway_cursor',
  {
    gatewayId: text('gateway_id').notNull(),
    epoch: text().notNull(),
    nextSeq: int8('next_seq').notNull(),
    headSha256: text('head_sha256').notNull(),
    forkedAtMs: int8('forked_at_ms'),
  },
  (table) => [primaryKey({ columns: [table.gatewayId, table.epoch] })],
)

export const principal = pgTable('principal', {
  id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
  issuer: text().notNull(),
  subject: text().notNull(),
})

export const session = pgTable(
  'session',
  {
    id: text().notNull(),
    gatewayId: text('gateway_id').notNull(),
    protocol: text().$type<SessionView['protocol']>(),
    principalId: int8('principal_id').references(() => principal.id),
    displayName: text('display_name'),
    groups: jsonb().$type<string[]>(),
    actors: jsonb().$type<StoredActor[]>(),
    clientId: text('client_id'),
    clientSoftware: text('client_software'),
    mechanism: text(),
    credentialId: text('credential_id'),
    peer: text(),
    startedAtMs: int8('started_at_ms'),
    endedAtMs: int8('ended_at_ms'),
    endReason: text('end_reason'),
    totals: jsonb().$type<NonNullable<SessionView['totals']>>(),
  },
  (table) => [primaryKey({ columns: [table.id, table.gatewayId] })],
)

export const accessRunKafka = pgTable('access_run_kafka', {
  segmentId: int8('segment_id').notNull(),
  seq: int8('seq').notNull(),
  piece: integer().notNull(),
  atMs: int8('at_ms').notNull(),
  /** 0 publish, 1 consume. */
  action: smallint().notNull(),
  topic: text().notNull(),
  topicId: text('topic_id'),
  partition: integer().notNull(),
  firstOffset: int8('first_offset').notNull(),
  lastOffset: int8('last_offset').notNull(),
  sessionId: text('session_id').notNull(),
  clientId: text('client_id'),
  groupId: text('group_id'),
  requestedOffset: int8('requested_offset'),
  producerId: int8('producer_id'),
  producerEpoch: integer('producer_epoch'),
  baseSequence: integer('base_sequence'),
  ruleId: text('rule_id').notNull(),
  policyRevision: text('policy_revision').notNull(),
  batches: bytea(),
})

export const evidenceEvent = pgTable('evidence_event', {
  segmentId: int8('segment_id').notNull(),
  seq: int8('seq').notNull(),
  atMs: int8('at_ms').notNull(),
  type: text().notNull(),
  sessionId: text('session_id'),
  resource: text(),
  event: jsonb().$type<Record<string, unknown>>().notNull(),
})

export const look = pgTable('look', {
  id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
  atMs: int8('at_ms').notNull(),
  issuer: text().notNull(),
  subject: text().notNull(),
  actors: jsonb().$type<StoredActor[]>().notNull(),
  credentialId: text('credential_id').notNull(),
  peer: text().notNull(),
  route: text().notNull(),
  query: jsonb().$type<Record<string, unknown>>().notNull(),
})

export const bundleState = pgTable('bundle_state', {
  singleton: boolean().primaryKey().default(true),
  revision: int8('revision').notNull(),
})

export const policyRevision = pgTable('policy_revision', {
  bundleRevision: int8('bundle_revision').primaryKey(),
  revision: text().notNull(),
  yaml: text().notNull(),
  appliedAtMs: int8('applied_at_ms').notNull(),
  appliedByIssuer: text('applied_by_issuer').notNull(),
  appliedBySubject: text('applied_by_subject').notNull(),
  comment: text(),
})

export const weirKey = pgTable('weir_key', {
  id: text().primaryKey(),
  issuer: text().notNull(),
  subject: text().notNull(),
  displayName: text('display_name'),
  groups: jsonb().$type<string[]>().notNull(),
  description: text(),
  createdAtMs: int8('created_at_ms').notNull(),
  createdByIssuer: text('created_by_issuer').notNull(),
  createdBySubject: text('created_by_subject').notNull(),
  expiresAtMs: int8('expires_at_ms').notNull(),
  revokedAtMs: int8('revoked_at_ms'),
  revokedByIssuer: text('revoked_by_issuer'),
  revokedBySubject: text('revoked_by_subject'),
  scramSha256: jsonb('scram_sha256').$type<KeyVerifier['scramSha256']>().notNull(),
  scramSha512: jsonb('scram_sha512').$type<KeyVerifier['scramSha512']>().notNull(),
})

export const gateway = pgTable('gateway', {
  id: text().primaryKey(),
  identity: text().notNull(),
  subject: text().notNull(),
  keyId: text('key_id').notNull(),
  publicKey: bytea('public_key').notNull(),
  protocol: text().$type<SessionView['protocol']>().notNull(),
  version: text().notNull(),
  epoch: text().notNull(),
  bundleRevision: int8('bundle_revision').notNull(),
  policyRevision: text('policy_revision').notNull(),
  sessions: integer().notNull(),
  spoolBytes: int8('spool_bytes').notNull(),
  oldestUnshippedMs: int8('oldest_unshipped_ms').notNull(),
  firstSeenAtMs: int8('first_seen_at_ms').notNull(),
  lastSeenAtMs: int8('last_seen_at_ms').notNull(),
})
