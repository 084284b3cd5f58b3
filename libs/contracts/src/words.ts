/**
 * The vocabulary of Weir as values: one word for one thing in code, YAML, API, logs and CLI (ARCHITECTURE.md, Vocabulary).
 * Everything here is plain data, so that a worker, a file or another process can hold it.
 */

/** What may be done. The mapping to each protocol's own rights is in docs/reference/actions.md. */
export const actions = [
  'publish',
  'consume',
  'describe',
  'create',
  'alter',
  'delete',
  'truncate',
  'administer',
  'unmask',
] as const
/** One of `actions`. */
export type Action = (typeof actions)[number]

/** The protocols that are, or will be, spoken: the first part of every resource. */
export const protocols = ['kafka', 'kinesis', 'mqtt'] as const
/** One of `protocols`. */
export type Protocol = (typeof protocols)[number]

/** `<protocol>:<kind>:<name>`, e.g. `kafka:topic:payments.orders`. The name is data, never a pattern, and may itself hold `:`. */
export type Resource = `${Protocol}:${string}:${string}`

/** One action on one resource, with the protocol attributes a rule may match (e.g. `memberless: 'true'`). */
export type Operation = {
  readonly action: Action
  readonly resource: Resource
  readonly attributes: Readonly<Record<string, string>>
}

/** One link of a delegation chain (RFC 8693 §4.1 `act`): the party that acts, outermost first. */
export type Actor = { readonly issuer: string; readonly subject: string; readonly groups: readonly string[] }

/** Who: the key is (issuer, subject), never the e-mail. */
export type Principal = {
  readonly issuer: string
  readonly subject: string
  /** For people's eyes only (preferred_username, e-mail); decides nothing. */
  readonly displayName: string | undefined
  readonly groups: readonly string[]
  readonly clientId: string | undefined
  /** Delegation chain, outermost actor first; empty when the principal acts for itself. Rights are the intersection over all. */
  readonly actors: readonly Actor[]
  /** How it was proven. */
  readonly method: 'jwt' | 'weir-key' | 'client-certificate'
  /** Token or key id that proved it: `jti`, else a digest prefix of the token; or the Weir key's id. Never the credential. */
  readonly credentialId: string
  /** Unix milliseconds; the session ends then. */
  readonly expiresAtMs: number
}

/** The other end of a client connection. */
export type Peer = { readonly address: string; readonly port: number; readonly tls: boolean }

/** How much of the data itself is recorded, from the least to the most. */
export const recordLevels = ['meta', 'digest', 'keys', 'full'] as const
/** One of `recordLevels`. */
export type RecordLevel = (typeof recordLevels)[number]

/** When something is released: `buffered` when its evidence is written, `strict` when that is on disk. */
export const durabilities = ['buffered', 'strict'] as const
/** One of `durabilities`. */
export type Durability = (typeof durabilities)[number]

/** What has to be done when an operation is allowed; those of all rules that match are merged to the strictest. */
export type Obligations = {
  /** Mask profile ids, merged to the strictest: all of them apply. Empty: nothing is masked. */
  readonly mask: readonly string[]
  readonly record: RecordLevel
  readonly durability: Durability
}

/** The answer of the guard. A value, never an exception; an evaluation error is a `deny` with ruleId `policy.error`. */
export type Decision = {
  readonly effect: 'allow' | 'deny' | 'hold'
  /** Id of the rule that decided; `policy.default` (no rule allows), `policy.error`, `policy.stale` are ours. */
  readonly ruleId: string
  readonly policyRevision: string
  /** For people: what was refused and why. Present on deny and hold. */
  readonly reason: string | undefined
  readonly obligations: Obligations
}

/** A credential refused: an expected outcome, so a value. `code` is one of the catalogue in @weir/kernel. */
export type Refusal = { readonly refused: true; readonly code: string; readonly reason: string }

/** The name of a gateway installation: lower-case letters, digits, dots and dashes, at most 63. */
export const gatewayIdPattern = /^[a-z0-9][a-z0-9.-]{0,62}$/

/** Builds a resource. The name is taken as it is. */
export function resource(protocol: Protocol, kind: string, name: string): Resource {
  return `${protocol}:${kind}:${name}`
}

/** `(issuer, subject)` as one string, injective whatever the two hold. For map keys and caches. */
export function principalKey(principal: { readonly issuer: string; readonly subject: string }): string {
  return `${principal.issuer.length}:${principal.issuer}${principal.subject}`
}
