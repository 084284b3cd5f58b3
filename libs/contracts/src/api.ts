/** Bodies of the HTTP API. Inside /v1 changes are additive: readers ignore unknown fields; an unknown enum value means deny. */
import { z } from 'zod'
import { actions, protocols } from './words.ts'

/** Every answer that is not a success has this body. */
export const errorBodySchema = z.object({
  error: z.object({
    code: z.string().describe('A WEIR_* code; never changes its meaning'),
    message: z.string().describe('What happened, to what, and what to do'),
    details: z
      .array(z.object({ message: z.string(), line: z.int().optional(), column: z.int().optional() }))
      .optional(),
  }),
})
/** The body of an answer that is not a success. */
export type ErrorBody = z.infer<typeof errorBodySchema>

export const personSchema = z.object({
  issuer: z.string(),
  subject: z.string(),
  displayName: z.string().optional(),
  groups: z.array(z.string()),
})
/** Somebody, by (issuer, subject). */
export type Person = z.infer<typeof personSchema>

export const whoamiSchema = personSchema.extend({
  /** What this person may do at the control plane. */
  rights: z.array(z.enum(['evidence', 'policy', 'keys', 'gateways'])),
})
/** The caller, with what the caller may do. */
export type Whoami = z.infer<typeof whoamiSchema>

export const heartbeatSchema = z.object({
  gatewayId: z.string(),
  protocol: z.enum(protocols),
  version: z.string(),
  epoch: z.string(),
  bundleRevision: z.int(),
  policyRevision: z.string(),
  sessions: z.int().nonnegative(),
  spoolBytes: z.int().nonnegative(),
  /** Age of the oldest event that the control plane has not acknowledged; 0 when none. */
  oldestUnshippedMs: z.int().nonnegative(),
  /** Ed25519 public key of the installation (SPKI, base64url): what its segments are signed with. */
  publicKey: z.string(),
})
/** How a gateway is; the first one enrols its key. */
export type Heartbeat = z.infer<typeof heartbeatSchema>

export const heartbeatAnswerSchema = z.object({ now: z.int(), bundleRevision: z.int() })

export const gatewaySchema = heartbeatSchema.omit({ publicKey: true }).extend({
  keyId: z.string(),
  /** The identity that the gateway authenticated with. */
  subject: z.string(),
  firstSeenAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  /** `forked`: it told two histories of one epoch, so evidence of that epoch is no longer taken. */
  state: z.enum(['up', 'silent', 'forked']),
  forkedEpochs: z.array(z.string()).optional(),
})
/** A gateway as the registry knows it. */
export type Gateway = z.infer<typeof gatewaySchema>

/** The cursor of (gateway, epoch) after a segment was taken, or as it stands when it was not. */
export const segmentAnswerSchema = z.object({
  /** `stored`: new; `duplicate`: already here, byte for byte; `gap`: send from `nextSeq`; `fork`: same place, other content. */
  outcome: z.enum(['stored', 'duplicate', 'gap', 'fork']),
  nextSeq: z.int(),
  headSha256: z.string(),
})
/** What became of a segment, and where the cursor stands. */
export type SegmentAnswer = z.infer<typeof segmentAnswerSchema>

export const sessionSchema = z.object({
  id: z.string(),
  gatewayId: z.string(),
  protocol: z.enum(protocols),
  person: personSchema,
  actors: z.array(z.object({ issuer: z.string(), subject: z.string() })),
  clientId: z.string().optional(),
  clientSoftware: z.string().optional(),
  mechanism: z.string(),
  credentialId: z.string(),
  peer: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  endReason: z.string().optional(),
  totals: z
    .array(
      z.object({
        resource: z.string(),
        partition: z.int(),
        action: z.string(),
        events: z.int(),
        records: z.int(),
        bytes: z.int(),
        firstPosition: z.int(),
        lastPosition: z.int(),
      }),
    )
    .optional(),
})
/** A session as people see it. */
export type SessionView = z.infer<typeof sessionSchema>

/** One event as people see it; `event` is the event itself (see EvidenceEvent). */
export const evidenceEntrySchema = z.object({
  gatewayId: z.string(),
  epoch: z.string(),
  seq: z.int(),
  at: z.iso.datetime(),
  type: z.string(),
  sessionId: z.string().optional(),
  event: z.record(z.string(), z.unknown()),
})
/** One event, with its place in the record. */
export type EvidenceEntry = z.infer<typeof evidenceEntrySchema>

/** One answer to "who read or wrote this position". */
export const accessSchema = z.object({
  action: z.enum(['publish', 'consume']),
  topic: z.string(),
  topicId: z.string().optional(),
  partition: z.int(),
  firstOffset: z.int(),
  lastOffset: z.int(),
  records: z.int(),
  at: z.iso.datetime(),
  person: personSchema,
  actors: z.array(z.object({ issuer: z.string(), subject: z.string() })),
  sessionId: z.string(),
  clientId: z.string().optional(),
  group: z.string().optional(),
  /** The offset the client asked for, when it lies above the position: the position came along in the same batch. */
  requestedOffset: z.int().optional(),
  peer: z.string(),
  gatewayId: z.string(),
  epoch: z.string(),
  seq: z.int(),
  ruleId: z.string(),
  policyRevision: z.string(),
})
/** Who wrote or read one position, in which session. */
export type Access = z.infer<typeof accessSchema>

export const policyRevisionSchema = z.object({
  revision: z.string(),
  bundleRevision: z.int(),
  yaml: z.string(),
  appliedAt: z.iso.datetime(),
  appliedBy: z.string(),
  comment: z.string().optional(),
})
/** One text of the policy, with who put it in force and when. */
export type PolicyRevision = z.infer<typeof policyRevisionSchema>

export const policyProblemSchema = z.object({
  severity: z.enum(['error', 'warning']),
  message: z.string(),
  line: z.int(),
  column: z.int(),
})

export const explainQuerySchema = z.object({
  /** Absent: the policy in force. */
  yaml: z.string().optional(),
  principal: z.object({
    issuer: z.string().default(''),
    subject: z.string(),
    groups: z.array(z.string()).default([]),
    clientId: z.string().optional(),
    actors: z
      .array(z.object({ issuer: z.string(), subject: z.string(), groups: z.array(z.string()).default([]) }))
      .default([]),
  }),
  action: z.enum(actions),
  resource: z.string(),
  attributes: z.record(z.string(), z.string()).default({}),
})
/** A principal, an operation and, unless it is the one in force, a policy. */
export type ExplainQuery = z.infer<typeof explainQuerySchema>

export const explanationSchema = z.object({
  effect: z.enum(['allow', 'deny', 'hold']),
  ruleId: z.string(),
  policyRevision: z.string(),
  reason: z.string().optional(),
  obligations: z.object({ mask: z.array(z.string()), record: z.string(), durability: z.string() }),
  /** Every rule, in the order of the file, with why it did or did not match. */
  considered: z.array(
    z.object({ ruleId: z.string(), line: z.int(), effect: z.string(), matched: z.boolean(), why: z.string() }),
  ),
})
/** A decision with every rule and why it has a say or has none. */
export type Explanation = z.infer<typeof explanationSchema>

export const keySchema = z.object({
  id: z.string(),
  issuer: z.string(),
  subject: z.string(),
  displayName: z.string().optional(),
  groups: z.array(z.string()),
  description: z.string().optional(),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().optional(),
})
/** A Weir key as people see it: without its secret, which nobody keeps. */
export type Key = z.infer<typeof keySchema>

export const newKeySchema = z.object({
  /** Absent: for oneself. */
  subject: z.string().optional(),
  issuer: z.string().optional(),
  displayName: z.string().optional(),
  groups: z.array(z.string()).optional(),
  description: z.string().optional(),
  expiresInMs: z.int().positive(),
})
/** What is asked for when a Weir key is made. */
export type NewKey = z.infer<typeof newKeySchema>
