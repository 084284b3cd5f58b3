/**
 * Faults are thrown as WeirError; decisions and refusals are values. A code never changes its meaning.
 * docs/reference/errors.md is generated from this catalogue.
 */
export const errorCatalogue = {
  WEIR_CONFIG_INVALID: 'The configuration cannot be used as written.',
  WEIR_POLICY_INVALID: 'The policy cannot be used as written.',
  WEIR_POLICY_CONFLICT: 'The policy in force is another than the one that was to be replaced.',
  WEIR_POLICY_DENIED: 'The policy does not allow this operation.',
  WEIR_APPROVAL_REQUIRED: 'The policy demands an approval for this operation.',
  WEIR_UNAUTHENTICATED: 'No valid credential came with the request.',
  WEIR_FORBIDDEN: 'The identity may not do this.',
  WEIR_TOKEN_MALFORMED: 'The token is not a JWT that can be verified.',
  WEIR_TOKEN_SIGNATURE: 'The signature of the token does not verify.',
  WEIR_TOKEN_KEY_UNKNOWN: 'The issuer has no key of the id that the token names.',
  WEIR_TOKEN_ALGORITHM: 'The token is signed with an algorithm that is not on the allow-list.',
  WEIR_TOKEN_EXPIRED: 'The token has expired.',
  WEIR_TOKEN_NOT_YET_VALID: 'The token is not valid yet.',
  WEIR_TOKEN_AUDIENCE: 'The token was issued for another audience.',
  WEIR_TOKEN_ISSUER: 'The token comes from an issuer that is not trusted here.',
  WEIR_TOKEN_CLAIMS: 'The token lacks a claim that is required, or one has the wrong form.',
  WEIR_GROUPS_OVERAGE:
    'The issuer left the groups out of the token (too many groups); this is not the same as having none.',
  WEIR_ISSUER_UNAVAILABLE: 'The keys of the issuer cannot be fetched.',
  WEIR_KEY_UNKNOWN: 'The Weir key does not exist, was revoked, or its secret is wrong.',
  WEIR_KEY_EXPIRED: 'The Weir key has expired.',
  WEIR_PRINCIPAL_CHANGED: 'Re-authentication must prove the same principal as before.',
  WEIR_SESSION_EXPIRED: 'The session ended with the credential that proved it.',
  WEIR_EVIDENCE_UNRECORDABLE: 'The evidence cannot be written, so the operation is refused.',
  WEIR_EVIDENCE_DAMAGED: 'Evidence on disk is damaged; what is damaged was set aside and kept.',
  WEIR_EVIDENCE_FORKED: 'The control plane holds other evidence in the same place, so this epoch is not shipped on.',
  WEIR_SPOOL_IN_USE: 'Another process holds the evidence spool.',
  WEIR_SEGMENT_INVALID: 'The evidence segment is not well formed.',
  WEIR_SEGMENT_SIGNATURE: 'The signature of the evidence segment does not verify.',
  WEIR_GATEWAY_KEY_CONFLICT: 'This gateway id is enrolled with another key or identity.',
  WEIR_CONTROL_PLANE_UNREACHABLE: 'The control plane does not answer.',
  WEIR_BUNDLE_INVALID: 'The policy bundle is not well formed or its signature does not verify.',
  WEIR_UPSTREAM_UNAVAILABLE: 'The broker cannot be reached.',
  WEIR_UPSTREAM_AUTHENTICATION: 'The broker refused the credential of the gateway.',
  WEIR_PROTOCOL_ERROR: 'The bytes are not a valid message of the protocol.',
  WEIR_UNSUPPORTED: 'This request is not supported.',
  WEIR_LIMIT_EXCEEDED: 'A limit was exceeded.',
  WEIR_INVALID_REQUEST: 'The request is not well formed.',
  WEIR_NOT_FOUND: 'There is no such thing, or you may not see it.',
  WEIR_PORT_IN_USE: 'The port is in use by another process.',
  WEIR_STORE_UNAVAILABLE: 'The database of the control plane cannot be used now.',
  WEIR_INTERNAL: 'A fault in Weir itself.',
} as const satisfies Record<`WEIR_${string}`, string>

/** A key of `errorCatalogue`. */
export type WeirErrorCode = keyof typeof errorCatalogue

/** A fault with a stable code. The message says what happened, to what, and what to do. */
export class WeirError extends Error {
  readonly code: WeirErrorCode
  constructor(code: WeirErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'WeirError'
    this.code = code
  }
}
