import { hash } from 'node:crypto'
import type { Principal, Refusal } from '@weir/contracts'
import { decodeJwt, errors, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import { principalOf } from './claims.ts'
import { KeysUnavailable } from './issuer-keys.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import { quote, refuse } from './refusal.ts'

/** An issuer as it is used: defaults filled in, with its keys. */
export type TrustedIssuer = {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly groupsClaim: string
  readonly clockToleranceMs: number
  readonly requireType: 'at+jwt' | undefined
  readonly keys: IssuerKeys
}

/** Verifies a JWT (RFC 7519, RFC 8725). The unverified `iss` only chooses whose keys and rules apply. */
export async function verifyToken(
  token: string,
  issuers: ReadonlyMap<string, TrustedIssuer>,
  nowMs: number,
): Promise<Principal | Refusal> {
  let claimed: JWTPayload
  try {
    claimed = decodeJwt(token)
  } catch {
    return refuse('WEIR_TOKEN_MALFORMED', 'This is neither a JWT nor a Weir key.')
  }
  const issuer = typeof claimed.iss === 'string' ? issuers.get(claimed.iss) : undefined
  if (issuer === undefined) {
    const trusted = [...issuers.keys()].join(', ')
    return refuse('WEIR_TOKEN_ISSUER', `The token names the issuer ${quote(claimed.iss)}; trusted here: ${trusted}.`)
  }
  let claims: JWTPayload
  try {
    const { payload } = await jwtVerify(token, (header, jws) => issuer.keys.find(header, jws), {
      algorithms: [...issuer.algorithms],
      issuer: issuer.issuer,
      audience: [...issuer.audiences],
      clockTolerance: issuer.clockToleranceMs / 1000,
      currentDate: new Date(nowMs),
      requiredClaims: ['sub', 'exp', 'iat'],
      ...(issuer.requireType === undefined ? {} : { typ: issuer.requireType }),
    })
    claims = payload
  } catch (error) {
    return refusalOf(error, issuer, nowMs)
  }
  if ((claims.iat as number) * 1000 > nowMs + issuer.clockToleranceMs) return notYetValid(claims.iat, nowMs)
  const fallbackId = hash('sha256', token, 'hex').slice(0, 16)
  return principalOf(claims, { issuer: issuer.issuer, groupsClaim: issuer.groupsClaim, fallbackId })
}

function refusalOf(error: unknown, issuer: TrustedIssuer, nowMs: number): Refusal {
  if (error instanceof KeysUnavailable) return refuse('WEIR_ISSUER_UNAVAILABLE', `${error.message} Try again later.`)
  if (error instanceof errors.JWTExpired) {
    return refuse('WEIR_TOKEN_EXPIRED', `The token expired at ${moment(error.payload.exp)}; now is ${isoOf(nowMs)}.`)
  }
  if (error instanceof errors.JWTClaimValidationFailed) return claimRefusal(error, issuer, nowMs)
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refuse('WEIR_TOKEN_SIGNATURE', `The signature does not verify with the key of ${issuer.issuer}.`)
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    const allowed = issuer.algorithms.join(', ')
    return refuse('WEIR_TOKEN_ALGORITHM', `The token's algorithm is not allowed; allowed for its issuer: ${allowed}.`)
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return refuse(
      'WEIR_TOKEN_KEY_UNKNOWN',
      `${issuer.issuer} publishes no key with the id and kind that the token names.`,
    )
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return refuse('WEIR_TOKEN_KEY_UNKNOWN', `Several keys of ${issuer.issuer} fit; the token must name one (\`kid\`).`)
  }
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return refuse('WEIR_TOKEN_MALFORMED', `The token is not a JWT that can be read: ${error.message}.`)
  }
  // What is left comes from importing the issuer's key: too short, private, or of a kind that this process does not know.
  return refuse('WEIR_TOKEN_KEY_UNKNOWN', `The key of ${issuer.issuer} that the token names cannot be used.`)
}

function claimRefusal(error: errors.JWTClaimValidationFailed, issuer: TrustedIssuer, nowMs: number): Refusal {
  if (error.claim === 'aud') {
    const expected = issuer.audiences.join(' or ')
    return refuse('WEIR_TOKEN_AUDIENCE', `The token is for ${quote(error.payload.aud)}; expected here: ${expected}.`)
  }
  if (error.claim === 'nbf' && error.reason === 'check_failed') return notYetValid(error.payload.nbf, nowMs)
  if (error.claim === 'typ') {
    return refuse('WEIR_TOKEN_CLAIMS', `The token must be an access token (header \`typ\`: ${issuer.requireType}).`)
  }
  const what = error.reason === 'missing' ? 'is missing' : 'has the wrong form'
  return refuse('WEIR_TOKEN_CLAIMS', `The claim \`${error.claim}\` ${what}.`)
}

function notYetValid(seconds: unknown, nowMs: number): Refusal {
  return refuse(
    'WEIR_TOKEN_NOT_YET_VALID',
    `The token is valid from ${moment(seconds)}; now is ${isoOf(nowMs)}. Compare the clocks.`,
  )
}

function moment(seconds: unknown): string {
  return isoOf(Number(seconds) * 1000)
}

function isoOf(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? 'a moment that no clock reaches' : date.toISOString()
}
