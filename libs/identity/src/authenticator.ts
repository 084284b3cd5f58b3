import type { KeyVerifier, Principal, Refusal } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Clock } from '@weir/kernel'
import { IssuerKeys } from './issuer-keys.ts'
import { KnownCredentials } from './known-credentials.ts'
import { defaultLimits } from './limits.ts'
import type { AuthenticatorLimits } from './limits.ts'
import { refuse } from './refusal.ts'
import { verifyToken } from './token.ts'
import type { TrustedIssuer } from './token.ts'
import { keyIdOf, keyPrefix, unknownKey, verifyKey } from './weir-key.ts'

/** An issuer whose tokens are accepted, and which of them. */
export type IssuerSettings = {
  /** The exact `iss` of its tokens; where its discovery document is, unless `jwksUri` is given. */
  readonly issuer: string
  /** Accepted values of `aud`; at least one. */
  readonly audiences: readonly string[]
  /** Default RS256, PS256, ES256, EdDSA. Never `none` or HS*: the key set is public. */
  readonly algorithms?: readonly string[] | undefined
  /** Claim with the groups: its name, or a path as `realm_access.roles`. Default `groups`. */
  readonly groupsClaim?: string | undefined
  /** For `exp`, `nbf` and `iat`. Default 30 s. A session ends at `exp` all the same. */
  readonly clockToleranceMs?: number | undefined
  readonly jwksUri?: string | undefined
  /** Refuse tokens whose header is not `typ: at+jwt` (RFC 9068 §4). */
  readonly requireType?: 'at+jwt' | undefined
}

/** Credential (a JWT, or a Weir key: recognised by `weir_`) to Principal. */
export interface Authenticator {
  /** A credential that was verified before and still counts; synchronous, a few microseconds. */
  known(credential: string): Principal | undefined
  /** Never throws for what the credential is: a Refusal has a WEIR_* code and a reason for people, without the credential. */
  verify(credential: string): Promise<Principal | Refusal>
  /** May a session that this principal opened go on? False after its expiry, and when its Weir key was revoked. */
  stillValid(principal: Principal): boolean
  /** Forgets known credentials, so that they are verified anew. */
  forget(predicate: (principal: Principal) => boolean): void
}

/** Whom to trust. Without `fetch` the one of Node is used. */
export type AuthenticatorOptions = {
  readonly issuers: readonly IssuerSettings[]
  /** The Weir keys in force: asked on every use, so a key that it no longer knows is revoked. */
  readonly keys: (keyId: string) => KeyVerifier | undefined
  readonly clock: Clock
  readonly fetch?: typeof fetch
  readonly limits?: Partial<AuthenticatorLimits>
}

export const defaultAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA']
const asymmetric = /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)$/

/**
 * Verifies credentials against the given issuers and keys. Fetches nothing until the first token of an issuer comes.
 * Throws WEIR_CONFIG_INVALID for an issuer without audience, named twice, or with an algorithm that is not asymmetric.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keys, clock } = options
  const limits = { ...defaultLimits, ...options.limits }
  const issuers = trustIssuers(options, limits)
  const known = new KnownCredentials(limits.knownCredentials)

  /** What a known Weir key depends on besides its text; undefined when there is no such key. */
  const bindingOf = (credential: string): string | undefined => {
    if (!credential.startsWith(keyPrefix)) return ''
    const id = keyIdOf(credential)
    return id === undefined ? undefined : keys(id)?.scramSha256.storedKey
  }

  return {
    known(credential) {
      const binding = bindingOf(credential)
      return binding === undefined ? undefined : known.get(credential, binding, clock.now())
    },

    async verify(credential) {
      if (Buffer.byteLength(credential) > limits.credentialBytes) {
        return refuse('WEIR_TOKEN_MALFORMED', `The credential is longer than ${limits.credentialBytes} bytes.`)
      }
      const binding = bindingOf(credential)
      if (binding === undefined) return unknownKey()
      const verified =
        binding === ''
          ? await verifyToken(credential, issuers, clock.now())
          : await verifyKey(credential, keys(keyIdOf(credential) as string) as KeyVerifier, clock.now())
      if (!('refused' in verified)) known.add(credential, binding, verified)
      return verified
    },

    stillValid(principal) {
      if (principal.expiresAtMs <= clock.now()) return false
      if (principal.method !== 'weir-key') return true
      const key = keys(principal.credentialId)
      return key !== undefined && key.issuer === principal.issuer && key.subject === principal.subject
    },

    forget(predicate) {
      known.remove(predicate)
    },
  }
}

function trustIssuers(options: AuthenticatorOptions, limits: AuthenticatorLimits): Map<string, TrustedIssuer> {
  const issuers = new Map<string, TrustedIssuer>()
  for (const settings of options.issuers) {
    const { issuer, audiences, jwksUri, algorithms = defaultAlgorithms } = settings
    const unsafe = algorithms.find((algorithm) => !asymmetric.test(algorithm))
    if (unsafe !== undefined) {
      throw new WeirError(
        'WEIR_CONFIG_INVALID',
        `Issuer ${issuer}: the algorithm ${unsafe} is not asymmetric; remove it.`,
      )
    }
    if (audiences.length === 0 || algorithms.length === 0) {
      throw new WeirError('WEIR_CONFIG_INVALID', `Issuer ${issuer}: name at least one audience and one algorithm.`)
    }
    if (issuers.has(issuer)) throw new WeirError('WEIR_CONFIG_INVALID', `Issuer ${issuer} is named twice.`)
    issuers.set(issuer, {
      issuer,
      audiences,
      algorithms,
      groupsClaim: settings.groupsClaim ?? 'groups',
      clockToleranceMs: settings.clockToleranceMs ?? 30_000,
      requireType: settings.requireType,
      keys: new IssuerKeys({ issuer, jwksUri, limits, clock: options.clock, fetch: options.fetch ?? fetch }),
    })
  }
  return issuers
}
