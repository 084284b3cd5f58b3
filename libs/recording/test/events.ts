import { actions, protocols, recordLevels } from '@weir/contracts'
import type { EvidenceEvent, KafkaAccess, Resource, SessionStarted } from '@weir/contracts'
import fc from 'fast-check'

const text = fc.string({ unit: 'binary', maxLength: 30 })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const number = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -1, max: 200 }))
const position = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(300))
const resource = text.map((name): Resource => `kafka:topic:${name}`)
/** Few of them, so that events of one session meet. */
const sessionId = fc.constantFrom('ses_a', 'ses_b', 'ses_c', '')

const principal = fc.record({
  issuer: text,
  subject: text,
  displayName: maybe(text),
  groups: fc.array(text, { maxLength: 3 }),
  clientId: maybe(text),
  actors: fc.array(fc.record({ issuer: text, subject: text, groups: fc.array(text, { maxLength: 2 }) }), {
    maxLength: 2,
  }),
  method: fc.constantFrom('jwt' as const, 'weir-key' as const, 'client-certificate' as const),
  credentialId: text,
  expiresAtMs: fc.maxSafeNat(),
})

const sessionStarted: fc.Arbitrary<SessionStarted> = fc.record({
  type: fc.constant('session.start' as const),
  sessionId,
  protocol: fc.constantFrom(...protocols),
  principal,
  peerAddress: text,
  peerPort: fc.nat(65535),
  mechanism: text,
  clientId: maybe(text),
  clientSoftware: maybe(text),
})

const runs = fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { maxLength: 5 }).map((steps) => {
  let at = 0
  return steps.map(([gap, span]): [number, number] => {
    const first = at + gap
    at = first + span + 1
    return [first, at - 1]
  })
})

const kafkaAccess: fc.Arbitrary<KafkaAccess> = fc.record({
  type: fc.constantFrom('kafka.publish' as const, 'kafka.consume' as const),
  sessionId,
  topic: text,
  topicId: maybe(text),
  partition: number,
  firstOffset: position,
  lastOffset: position,
  runs: maybe(runs),
  records: number,
  bytes: number,
  clientId: maybe(text),
  group: maybe(text),
  requestedOffset: maybe(number),
  producerId: maybe(number),
  producerEpoch: maybe(number),
  baseSequence: maybe(number),
  ruleId: text,
  policyRevision: text,
  level: fc.constantFrom(...recordLevels),
})

/** Any event of any kind, at the edges of its fields too. */
export const anyEvent: fc.Arbitrary<EvidenceEvent> = fc.oneof(
  { weight: 4, arbitrary: kafkaAccess },
  { weight: 1, arbitrary: sessionStarted },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('session.end' as const),
      sessionId,
      reason: text,
      totals: fc.array(
        fc.record({
          resource,
          partition: fc.nat(),
          action: fc.constantFrom('publish' as const, 'consume' as const),
          events: position,
          records: position,
          bytes: position,
          firstPosition: position,
          lastPosition: position,
        }),
        { maxLength: 3 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('decision.deny' as const),
      sessionId,
      effect: fc.constantFrom('deny' as const, 'hold' as const),
      action: fc.constantFrom(...actions),
      resource,
      ruleId: text,
      policyRevision: text,
      reason: text,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('operation' as const),
      sessionId,
      action: fc.constantFrom(...actions),
      resource,
      ruleId: text,
      policyRevision: text,
      outcome: text,
      attributes: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('authentication.refused' as const),
      protocol: fc.constantFrom(...protocols),
      peerAddress: text,
      peerPort: fc.nat(65535),
      mechanism: text,
      code: text,
      reason: text,
    }),
  },
)

/** A session of one person. */
export function startOf(sessionId: string, subject = 'alice'): SessionStarted {
  return {
    type: 'session.start',
    sessionId,
    protocol: 'kafka',
    principal: {
      issuer: 'https://issuer.example',
      subject,
      displayName: undefined,
      groups: ['payments'],
      clientId: undefined,
      actors: [],
      method: 'jwt',
      credentialId: 'jti-1',
      expiresAtMs: 1_900_000_000_000,
    },
    peerAddress: '10.0.0.1',
    peerPort: 4711,
    mechanism: 'OAUTHBEARER',
    clientId: 'app',
    clientSoftware: undefined,
  }
}

/** A publish that a test recognises by its offset. */
export function publishOf(sessionId: string, offset: number): KafkaAccess {
  return {
    type: 'kafka.publish',
    sessionId,
    topic: 'payments.orders',
    topicId: undefined,
    partition: 0,
    firstOffset: offset,
    lastOffset: offset,
    runs: undefined,
    records: 1,
    bytes: 100,
    clientId: 'app',
    group: undefined,
    requestedOffset: undefined,
    producerId: undefined,
    producerEpoch: undefined,
    baseSequence: undefined,
    ruleId: 'payments',
    policyRevision: '0123456789abcdef',
    level: 'meta',
  }
}
