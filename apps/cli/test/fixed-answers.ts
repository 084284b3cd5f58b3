import type { Input, Output } from '@weir/control-plane-client'
import type { RouteName } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { parsePolicy } from '@weir/policy'

/** What a route is asked, as it arrived: the query and the path are texts still. */
export type Question = { readonly subject: string; readonly input: Record<string, Record<string, unknown>> }

const at = '2026-01-31T14:00:00.000Z'
const issuer = 'https://issuer.example'
const alice = { issuer, subject: 'alice', displayName: 'Alice Ames', groups: ['payments'] }

const access = {
  action: 'consume' as const,
  topic: 'payments.orders',
  partition: 0,
  firstOffset: 5,
  lastOffset: 9,
  records: 5,
  at,
  person: alice,
  actors: [],
  sessionId: 'ses_1',
  clientId: 'console-consumer',
  group: 'payments-app',
  peer: '127.0.0.1:50111',
  gatewayId: 'kafka-1',
  epoch: 'e1',
  seq: 17,
  ruleId: 'payments-team',
  policyRevision: 'aaaaaaaaaaaaaaaa',
}

const session = {
  id: 'ses_1',
  gatewayId: 'kafka-1',
  protocol: 'kafka' as const,
  person: alice,
  actors: [],
  clientId: 'console-consumer',
  clientSoftware: 'apache-kafka-java 4.3.1',
  mechanism: 'OAUTHBEARER',
  credentialId: 'jti-1',
  peer: '127.0.0.1:50111',
  startedAt: at,
}

const totals = [
  {
    resource: 'kafka:topic:payments.orders',
    partition: 0,
    action: 'consume',
    events: 2,
    records: 10,
    bytes: 1536,
    firstPosition: 0,
    lastPosition: 9,
  },
]

export const yaml = `version: 1
rules:
  - id: payments-team
    subjects: [{ group: payments }]
    actions: [publish, consume]
    resources: ["kafka:topic:payments.*"]
    effect: allow
`
const inForce = { yaml, appliedAt: at, appliedBy: `carol (${issuer})`, bundleRevision: 7, revision: revisionOf(yaml) }
const earlier = { ...inForce, bundleRevision: 3, revision: 'bbbbbbbbbbbbbbbb', yaml: 'version: 1\nrules: []\n' }

const key = {
  id: 'key_1',
  issuer,
  subject: 'carol',
  groups: ['platform-leads'],
  createdAt: at,
  createdBy: 'carol',
  expiresAt: '2026-04-30T14:00:00.000Z',
}

type Answers = { [R in RouteName]?: (question: Question) => Output<R> }

export const answers: Answers = {
  whoami: ({ subject }) => ({ issuer, subject, groups: ['platform-leads'], rights: ['evidence', 'policy'] }),

  evidence: ({ input }) => ({
    events: input.query?.type === 'none' ? [] : [evidence('kafka.consume'), evidence('decision.deny')],
    ...(input.query?.cursor === undefined ? { next: 'page-2' } : {}),
  }),

  access: ({ input: { query } }) => {
    const pending = query?.topic === 'late' ? [{ gatewayId: 'kafka-1', oldestUnshippedMs: 3_200 }] : []
    if (query?.topic === 'late' || query?.offset !== 7) return { accesses: [], pending }
    if (query?.action === 'publish') return { accesses: [{ ...access, action: 'publish', group: undefined }], pending }
    const byAgent = {
      ...access,
      person: { ...alice, displayName: undefined },
      actors: [{ issuer, subject: 'agent' }],
      clientId: 'evil\u001b[2Jclient',
      requestedOffset: 8,
      firstOffset: 7,
      lastOffset: 7,
    }
    return { accesses: [access, byAgent], pending }
  },

  sessions: ({ input }) => ({ sessions: input.query?.subject === 'nobody' ? [] : [session] }),

  session: ({ input }) => {
    if (input.params?.id !== 'ses_1') throw new WeirError('WEIR_NOT_FOUND', 'There is no such session on record.')
    return { ...session, endedAt: '2026-01-31T14:05:00.000Z', endReason: 'client', totals }
  },

  gateways: () => ({
    gateways: [
      {
        gatewayId: 'kafka-1',
        protocol: 'kafka',
        version: '0.1.0',
        epoch: 'e1',
        bundleRevision: 7,
        policyRevision: inForce.revision,
        sessions: 3,
        spoolBytes: 2048,
        oldestUnshippedMs: 90_000,
        keyId: 'k1',
        subject: 'kafka-gateway',
        firstSeenAt: at,
        lastSeenAt: at,
        state: 'silent',
      },
    ],
  }),

  policy: () => inForce,

  policies: ({ input }) =>
    input.query?.cursor === undefined ? { policies: [inForce], next: 'older' } : { policies: [earlier] },

  applyPolicy: ({ input, subject }) => {
    const body = input.body as Input<'applyPolicy'>['body']
    if (subject === 'bob') throw new WeirError('WEIR_FORBIDDEN', 'This needs the right `policy`.')
    if (body.expected !== undefined && body.expected !== inForce.revision) {
      throw new WeirError('WEIR_POLICY_CONFLICT', `In force is ${inForce.revision}, not ${body.expected}.`)
    }
    return { ...inForce, ...body, revision: revisionOf(body.yaml), bundleRevision: 8, appliedBy: subject }
  },

  explainPolicy: ({ input }) => {
    const body = input.body as Input<'explainPolicy'>['body']
    const allowed = body.principal.groups?.includes('payments') === true
    return {
      effect: allowed ? 'allow' : 'deny',
      ruleId: allowed ? 'payments-team' : 'policy.default',
      policyRevision: inForce.revision,
      ...(allowed ? {} : { reason: 'No rule allows it.' }),
      obligations: { mask: [], record: 'meta', durability: 'buffered' },
      considered: [{ ruleId: 'payments-team', line: 3, effect: 'allow', matched: allowed, why: 'group payments' }],
    }
  },

  createKey: ({ input, subject }) => {
    const body = input.body as Input<'createKey'>['body']
    if (body.subject !== undefined && subject !== 'carol') throw new WeirError('WEIR_FORBIDDEN', 'Only for yourself.')
    const who = { subject: body.subject ?? subject, issuer: body.issuer ?? issuer, groups: body.groups ?? [] }
    return { ...key, ...body, ...who, secret: 'weir_key_1_s3cret' }
  },

  keys: () => ({ keys: [key, { ...key, id: 'key_0', revokedAt: at }] }),

  revokeKey: ({ input }) => {
    if (input.params?.id !== 'key_1') throw new WeirError('WEIR_NOT_FOUND', 'There is no such key.')
    return { ...key, revokedAt: at }
  },
}

function evidence(type: string) {
  const event =
    type === 'kafka.consume'
      ? { type, topic: 'payments.orders', partition: 0, firstOffset: 5, lastOffset: 9, group: 'payments-app' }
      : { type, effect: 'deny', action: 'consume', resource: 'kafka:topic:payments.cards', ruleId: 'policy.default' }
  return { gatewayId: 'kafka-1', epoch: 'e1', seq: 17, at, type, sessionId: 'ses_1', event }
}

function revisionOf(text: string): string {
  return parsePolicy(text).revision
}
