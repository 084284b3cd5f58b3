/** The policy bundle: what a gateway needs to decide on its own. Signed, pulled by long poll, cached on disk. */
import { z } from 'zod'

const scramVerifier = z.object({
  /** Base64. */
  salt: z.string(),
  iterations: z.int().min(4096),
  storedKey: z.string(),
  serverKey: z.string(),
})

/** A Weir key as a gateway sees it: bound to a principal, verifiable, not usable (RFC 5802 stored form). */
export const keyVerifierSchema = z.object({
  id: z.string(),
  issuer: z.string(),
  subject: z.string(),
  displayName: z.string().optional(),
  groups: z.array(z.string()),
  expiresAtMs: z.int(),
  scramSha256: scramVerifier,
  scramSha512: scramVerifier,
})
/** A Weir key as a gateway sees it. */
export type KeyVerifier = z.infer<typeof keyVerifierSchema>

/** Checks the payload of a signed bundle; what a later version adds is ignored. */
export const bundleSchema = z.object({
  version: z.literal(1),
  /** Rises with every change of anything in the bundle. */
  revision: z.int().nonnegative(),
  issuedAtMs: z.int(),
  policy: z.object({
    /** Hex SHA-256 of the text, first 16 digits: what decisions and evidence name. */
    revision: z.string(),
    yaml: z.string(),
  }),
  keys: z.array(keyVerifierSchema),
})
/** What a gateway decides by. */
export type Bundle = z.infer<typeof bundleSchema>

/** `payload` is the bundle's JSON, base64url; `signature` is Ed25519 over the payload's bytes, base64url. */
export const signedBundleSchema = z.object({
  keyId: z.string(),
  payload: z.string(),
  signature: z.string(),
})
/** A bundle as it travels and lies on disk. */
export type SignedBundle = z.infer<typeof signedBundleSchema>
