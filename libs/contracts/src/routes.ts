/**
 * The routes table: the server registers from it, the client is typed from it, OpenAPI is generated from it
 * (docs/reference/openapi.json; a test fails when that file is stale).
 */
import { z } from 'zod'
import {
  accessSchema,
  evidenceEntrySchema,
  explainQuerySchema,
  explanationSchema,
  gatewaySchema,
  heartbeatAnswerSchema,
  heartbeatSchema,
  keySchema,
  newKeySchema,
  policyProblemSchema,
  policyRevisionSchema,
  segmentAnswerSchema,
  sessionSchema,
  whoamiSchema,
} from './api.ts'
import { signedBundleSchema } from './bundle.ts'
import { protocols } from './words.ts'

/** One route: how it is called, by whom, what it takes and answers. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly summary: string
  /** Who may call: a gateway's identity, a person with the named right, any person, or anybody. */
  readonly by: 'gateway' | 'person' | 'evidence' | 'policy' | 'keys' | 'gateways' | 'public'
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType | 'octet-stream'
  readonly response: z.ZodType
  /** WEIR_* codes beyond authentication and validation. */
  readonly errors?: readonly string[]
}

const page = { limit: z.coerce.number().int().min(1).max(1000).default(100), cursor: z.string().optional() }

/** Every route of the API by name. Server, client and OpenAPI come from this table. */
export const routes = {
  currentBundle: {
    method: 'GET',
    path: '/v1/bundles/current',
    summary:
      'The signed policy bundle. With `after`, waits up to `waitMs` for a newer revision; 304 when there is none.',
    by: 'gateway',
    query: z.object({
      after: z.coerce.number().int().optional(),
      waitMs: z.coerce.number().int().min(0).max(60_000).default(0),
    }),
    response: signedBundleSchema,
  },
  heartbeat: {
    method: 'POST',
    path: '/v1/gateways/heartbeat',
    summary: 'A gateway says that it lives, and enrols its key.',
    by: 'gateway',
    body: heartbeatSchema,
    response: heartbeatAnswerSchema,
    errors: ['WEIR_GATEWAY_KEY_CONFLICT'],
  },
  appendSegment: {
    method: 'POST',
    path: '/v1/evidence/:gatewayId/:epoch',
    summary:
      'One sealed segment: body as it is, header (base64url of its canonical JSON) in `weir-segment-header`, signature in `weir-segment-signature`. Compare-and-set on the cursor: exactly once.',
    by: 'gateway',
    params: z.object({ gatewayId: z.string(), epoch: z.string() }),
    body: 'octet-stream',
    response: segmentAnswerSchema,
    errors: ['WEIR_SEGMENT_INVALID', 'WEIR_SEGMENT_SIGNATURE'],
  },
  gateways: {
    method: 'GET',
    path: '/v1/gateways',
    summary: 'The gateway registry.',
    by: 'gateways',
    response: z.object({ gateways: z.array(gatewaySchema) }),
  },
  whoami: {
    method: 'GET',
    path: '/v1/whoami',
    summary: 'Who the caller is, and what the caller may do here.',
    by: 'person',
    response: whoamiSchema,
  },
  sessions: {
    method: 'GET',
    path: '/v1/sessions',
    summary: 'Sessions, newest first.',
    by: 'evidence',
    query: z.object({
      ...page,
      subject: z.string().optional(),
      protocol: z.enum(protocols).optional(),
      open: z.stringbool().optional(),
    }),
    response: z.object({ sessions: z.array(sessionSchema), next: z.string().optional() }),
  },
  session: {
    method: 'GET',
    path: '/v1/sessions/:id',
    summary: 'One session.',
    by: 'evidence',
    params: z.object({ id: z.string() }),
    response: sessionSchema,
    errors: ['WEIR_NOT_FOUND'],
  },
  evidence: {
    method: 'GET',
    path: '/v1/evidence',
    summary: 'Evidence events, newest first.',
    by: 'evidence',
    query: z.object({
      ...page,
      type: z.string().optional(),
      sessionId: z.string().optional(),
      subject: z.string().optional(),
      resource: z.string().optional(),
      since: z.iso.datetime().optional(),
      until: z.iso.datetime().optional(),
    }),
    response: z.object({ events: z.array(evidenceEntrySchema), next: z.string().optional() }),
  },
  access: {
    method: 'GET',
    path: '/v1/evidence/access',
    summary: 'Who wrote or read one position. An empty list means: nobody, as far as the record goes.',
    by: 'evidence',
    query: z.object({
      protocol: z.enum(protocols).default('kafka'),
      action: z.enum(['publish', 'consume']),
      topic: z.string(),
      topicId: z.string().optional(),
      partition: z.coerce.number().int().nonnegative(),
      offset: z.coerce.number().int().nonnegative(),
    }),
    errors: ['WEIR_UNSUPPORTED'],
    response: z.object({
      accesses: z.array(accessSchema),
      /** There are more than the answer holds (10,000, the oldest). */
      more: z.boolean().optional(),
      /** Events that gateways report as not shipped yet: an answer is complete up to these. */
      pending: z.array(z.object({ gatewayId: z.string(), oldestUnshippedMs: z.int() })),
    }),
  },
  policy: {
    method: 'GET',
    path: '/v1/policies/current',
    summary: 'The policy in force.',
    by: 'person',
    response: policyRevisionSchema,
  },
  policies: {
    method: 'GET',
    path: '/v1/policies',
    summary: 'Revisions of the policy, newest first.',
    by: 'person',
    query: z.object(page),
    response: z.object({ policies: z.array(policyRevisionSchema), next: z.string().optional() }),
  },
  applyPolicy: {
    method: 'PUT',
    path: '/v1/policies/current',
    summary: 'Puts a policy in force. With `expected`, only over that revision.',
    by: 'policy',
    body: z.object({ yaml: z.string(), comment: z.string().optional(), expected: z.string().optional() }),
    response: policyRevisionSchema,
    errors: ['WEIR_POLICY_INVALID', 'WEIR_POLICY_CONFLICT'],
  },
  checkPolicy: {
    method: 'POST',
    path: '/v1/policies/check',
    summary: 'Checks a policy without applying it.',
    by: 'person',
    body: z.object({ yaml: z.string() }),
    response: z.object({ valid: z.boolean(), revision: z.string().optional(), problems: z.array(policyProblemSchema) }),
  },
  explainPolicy: {
    method: 'POST',
    path: '/v1/policies/explain',
    summary: 'Which rule decides, and why.',
    by: 'person',
    body: explainQuerySchema,
    response: explanationSchema,
    errors: ['WEIR_POLICY_INVALID'],
  },
  createKey: {
    method: 'POST',
    path: '/v1/keys',
    summary: 'A Weir key: for clients that only know a user name and a password. The secret is shown once.',
    by: 'person',
    body: newKeySchema,
    response: keySchema.extend({ secret: z.string() }),
    errors: ['WEIR_FORBIDDEN'],
  },
  keys: {
    method: 'GET',
    path: '/v1/keys',
    summary: 'Weir keys: one’s own; all of them with the right `keys`.',
    by: 'person',
    response: z.object({ keys: z.array(keySchema) }),
  },
  revokeKey: {
    method: 'DELETE',
    path: '/v1/keys/:id',
    summary: 'Revokes a key. Sessions that it proved end.',
    by: 'person',
    params: z.object({ id: z.string() }),
    response: keySchema,
    errors: ['WEIR_NOT_FOUND', 'WEIR_FORBIDDEN'],
  },
} as const satisfies Record<string, Route>

/** A key of `routes`. */
export type RouteName = keyof typeof routes
