/** Who lives in the sandbox, and what its policy lets them do. */

export const people = [
  { subject: 'alice', groups: ['payments'], about: 'payments: publish and consume payments.*' },
  { subject: 'bob', groups: ['analysts'], about: 'analysts: public.* only, until masking is there' },
  { subject: 'carol', groups: ['platform-leads'], about: 'platform lead: evidence, policy, keys, gateways' },
  { subject: 'dave', groups: [], about: 'no group: public.* only' },
  { subject: 'erin', groups: ['platform-leads'], about: 'platform lead: evidence, policy, keys, gateways' },
] as const

/** Machines, with the secrets of their client credentials: for a sandbox on loopback, so no secrets at all. */
export const machines = [
  {
    clientId: 'etl',
    clientSecret: 'etl-secret',
    groups: ['etl'],
    about: 'machine: consume payments.*, publish public.*',
  },
  {
    clientId: 'agent',
    clientSecret: 'agent-secret',
    groups: ['agents'],
    actsFor: ['alice'],
    about: 'acts for alice: the rights that both have',
  },
  { clientId: 'kafka-gateway', clientSecret: 'kafka-gateway-secret', groups: [], about: 'the gateway itself' },
] as const

export const topics = [
  { name: 'payments.orders', partitions: 3 },
  { name: 'payments.cards', partitions: 3 },
  { name: 'public.clicks', partitions: 3 },
] as const

/** The policy of a new sandbox. It is yours from then on: saved changes are in force at once. */
export const firstPolicy = `# The policy of this sandbox. Save it, and it is in force; a mistake is named in the log of the control plane.
version: 1

rules:
  - id: public-for-everybody
    subjects: [{ anyone: true }]
    actions: [publish, consume, describe]
    resources: ["kafka:topic:public.*", "kafka:group:public-*"]
    effect: allow

  - id: payments-team
    subjects: [{ group: payments }]
    actions: [publish, consume, describe]
    resources: ["kafka:topic:payments.*", "kafka:group:payments-*"]
    effect: allow

  - id: payments-topics
    description: The team makes and removes its own topics, with the approval of one platform lead.
    subjects: [{ group: payments }]
    actions: [create, delete]
    resources: ["kafka:topic:payments.*"]
    effect: require_approval
    approval:
      approvers: [{ group: platform-leads, min: 1 }]
      hold: 20s
      decide_within: 4h
      use_within: 1h
      grant: once

  - id: etl-reads-payments
    subjects: [{ group: etl }]
    actions: [consume]
    resources: ["kafka:topic:payments.*", "kafka:group:etl-*"]
    effect: allow

  - id: agents-read-orders
    subjects: [{ group: agents }]
    actions: [consume]
    resources: ["kafka:topic:payments.orders", "kafka:group:payments-*"]
    effect: allow

  - id: platform-leads
    subjects: [{ group: platform-leads }]
    actions: [describe, create, delete, alter]
    resources: ["kafka:topic:*", "kafka:group:*", "kafka:cluster:kafka-cluster"]
    effect: allow
`
