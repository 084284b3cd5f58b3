import { verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { bundleSchema, signedBundleSchema } from '@weir/contracts'
import type { Bundle, SignedBundle } from '@weir/contracts'
import { WeirError } from '@weir/kernel'

/**
 * The bundle in a signed one. Only bytes whose Ed25519 signature verifies with `publicKey` are parsed; which key the bundle names is no matter.
 * Throws WEIR_BUNDLE_INVALID.
 */
export function verifyBundle(signed: SignedBundle, publicKey: KeyObject): Bundle {
  const payload = Buffer.from(signed.payload, 'base64url')
  if (!verify(null, payload, publicKey, Buffer.from(signed.signature, 'base64url'))) {
    throw invalid(`its signature (key ${signed.keyId}) does not verify with the key that is configured here`)
  }
  const parsed = bundleSchema.safeParse(parseJson(payload.toString()))
  if (!parsed.success) throw invalid('its payload cannot be understood', parsed.error)
  return parsed.data
}

/** Reads a signed bundle from JSON text. Throws WEIR_BUNDLE_INVALID. */
export function parseSignedBundle(text: string): SignedBundle {
  const parsed = signedBundleSchema.safeParse(parseJson(text))
  if (!parsed.success) throw invalid('it cannot be read', parsed.error)
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function invalid(what: string, cause?: unknown): WeirError {
  return new WeirError(
    'WEIR_BUNDLE_INVALID',
    `The policy bundle is refused: ${what}. The last good one stays in force.`,
    { cause },
  )
}
