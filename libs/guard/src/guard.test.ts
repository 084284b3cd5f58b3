import type { Decision, EvidenceEvent, Operation, Principal } from '@weir/contracts'
import { createMetrics, systemClock } from '@weir/kernel'
import { expect, test } from 'vitest'
import { Guard } from './guard.ts'
import { Session } from './session.ts'

const principal: Principal = {
  issuer: 'https://issuer.example',
  subject: 'bob',
  displayName: undefined,
  groups: [],
  clientId: undefined,
  actors: [],
  method: 'jwt',
  credentialId: 'token',
  expiresAtMs: Date.now() + 3_600_000,
}
const read: Operation = { action: 'consume', resource: 'kafka:topic:payments.cards', attributes: {} }

function decideWith(decision: Decision): Decision {
  const recorded = { written: Promise.resolve(), durable: Promise.resolve() }
  const guard = new Guard({
    authenticator: {
      known: () => principal,
      verify: () => Promise.resolve(principal),
      stillValid: () => true,
      forget: () => undefined,
    },
    policy: { current: () => ({ revision: 'r', decide: () => decision, explain: fail, allowsAny: () => false }) },
    recorder: { append: (_event: EvidenceEvent) => recorded },
    clock: systemClock,
    metrics: createMetrics(),
  })
  const peer = { address: '127.0.0.1', port: 1, tls: false }
  const admission = {
    protocol: 'kafka',
    mechanism: 'PLAIN',
    peer,
    clientId: undefined,
    clientSoftware: undefined,
  } as const
  const session = new Session({ id: 'ses_1', principal, admission, clock: systemClock })
  try {
    return guard.decide(session, read)
  } finally {
    session.end()
  }
}

function fail(): never {
  throw new Error('not asked here')
}

const allowed: Decision = {
  effect: 'allow',
  ruleId: 'analysts',
  policyRevision: 'r',
  reason: undefined,
  obligations: { mask: [], record: 'meta', durability: 'buffered' },
}

test('what the policy allows is allowed', () => {
  expect(decideWith(allowed)).toBe(allowed)
})

test('what must be masked is refused while nothing masks', () => {
  const decision = decideWith({ ...allowed, obligations: { ...allowed.obligations, mask: ['pci'] } })
  expect(decision).toMatchObject({
    effect: 'deny',
    ruleId: 'analysts',
    reason: expect.stringContaining('(pci)') as string,
  })
})
