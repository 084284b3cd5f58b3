/** Every bound of this library in one place; all of them may be set, none may be left out. */
export type AuthenticatorLimits = {
  /** Longest credential that is looked at. */
  readonly credentialBytes: number
  /** Verified credentials that are remembered; the least recently used goes first. */
  readonly knownCredentials: number
  /** At most one fetch of an issuer's keys in this time, whatever key ids tokens name. */
  readonly keysCooldownMs: number
  /** Keys older than this are fetched again before they are used, so that a key the issuer withdrew stops counting. */
  readonly keysMaxAgeMs: number
  /** Keys older than this are not used even when the issuer is away. */
  readonly keysMaxStaleMs: number
  /** For each of the two requests of a fetch, headers and body together. */
  readonly issuerTimeoutMs: number
  /** Of a discovery document or a key set. */
  readonly issuerResponseBytes: number
}

export const defaultLimits: AuthenticatorLimits = {
  credentialBytes: 16 * 1024,
  knownCredentials: 10_000,
  keysCooldownMs: 30_000,
  keysMaxAgeMs: 600_000,
  keysMaxStaleMs: 24 * 3_600_000,
  issuerTimeoutMs: 5_000,
  issuerResponseBytes: 512 * 1024,
}
