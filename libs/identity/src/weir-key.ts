import { hash, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyVerifier, Principal, Refusal } from '@weir/contracts'
import { newId } from '@weir/kernel'
import { refuse } from './refusal.ts'
import { clientKey, scramVerifier } from './scram.ts'
import type { ScramVerifier } from './scram.ts'

/** What tells a Weir key from a token, which never starts so: its header is base64url of `{"`. */
export const keyPrefix = 'weir_'

const randomPart = 32
/** Length of base64url of the random part. The id may hold `_` itself, so the credential is read from its end. */
const tailLength = Math.ceil((randomPart * 4) / 3)

/** A new key: its secret for the owner, its verifiers for the gateways. */
export type MintedKey = {
  readonly id: string
  /** `weir_<id>_<base64url of 32 random bytes>`: the whole of it is the password. Shown once, kept nowhere. */
  readonly secret: string
  readonly scramSha256: ScramVerifier
  readonly scramSha512: ScramVerifier
}

/** A new Weir key. Its owner, groups and expiry are the caller's to add (see KeyVerifier). Takes some milliseconds. */
export function mintKey(): MintedKey {
  const id = newId('key')
  const secret = `${keyPrefix}${id}_${randomBytes(randomPart).toString('base64url')}`
  return {
    id,
    secret,
    scramSha256: scramVerifier('SCRAM-SHA-256', secret),
    scramSha512: scramVerifier('SCRAM-SHA-512', secret),
  }
}

/** The id in a credential, or undefined when it cannot be a Weir key. */
export function keyIdOf(credential: string): string | undefined {
  const tailAt = credential.length - tailLength
  if (!credential.startsWith(keyPrefix) || credential[tailAt - 1] !== '_') return undefined
  const id = credential.slice(keyPrefix.length, tailAt - 1)
  return id === '' ? undefined : id
}

/** Checks the secret in constant time, off the main thread; expiry is told only to who has the secret. */
export async function verifyKey(credential: string, key: KeyVerifier, nowMs: number): Promise<Principal | Refusal> {
  const stored = Buffer.from(key.scramSha256.storedKey, 'base64')
  const salt = Buffer.from(key.scramSha256.salt, 'base64')
  const salted = await promisify(pbkdf2)(credential, salt, key.scramSha256.iterations, 32, 'sha256')
  const presented = hash('sha256', clientKey('SCRAM-SHA-256', salted), 'buffer')
  if (presented.length !== stored.length || !timingSafeEqual(presented, stored)) return unknownKey()
  if (key.expiresAtMs <= nowMs) {
    const at = new Date(key.expiresAtMs).toISOString()
    return refuse('WEIR_KEY_EXPIRED', `The Weir key ${key.id} expired at ${at}; create a new one.`)
  }
  return {
    issuer: key.issuer,
    subject: key.subject,
    displayName: key.displayName,
    groups: key.groups,
    clientId: undefined,
    actors: [],
    method: 'weir-key',
    credentialId: key.id,
    expiresAtMs: key.expiresAtMs,
  }
}

/** One text for no such key, a revoked one and a wrong secret, so that it does not tell which ids exist. */
export function unknownKey(): Refusal {
  return refuse('WEIR_KEY_UNKNOWN', 'The Weir key does not exist, was revoked, or is not complete; create a new one.')
}
