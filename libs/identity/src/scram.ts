/** The arithmetic of SCRAM (RFC 5802 §3, RFC 7677): no state, no messages. */
import { createHmac, hash, pbkdf2Sync, randomBytes } from 'node:crypto'

export const scramHashes = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-512': 'sha512' } as const
/** The names by which SASL knows them (RFC 5802, RFC 7677). */
export type ScramMechanism = keyof typeof scramHashes

/** What a server keeps in place of a password; binary values in base64. */
export type ScramVerifier = {
  readonly salt: string
  readonly iterations: number
  readonly storedKey: string
  readonly serverKey: string
}

/** The least that RFC 7677 §4 allows, and what Kafka uses by default. */
export const minIterations = 4096

const digestBytes = { sha256: 32, sha512: 64 } as const

/**
 * Hi(password, salt, i): the only costly step, about 1 ms per 4096 iterations.
 * The password is taken as UTF-8 without SASLprep, as Kafka's brokers and clients do; for ASCII there is no difference.
 */
export function saltedPassword(mechanism: ScramMechanism, password: string, salt: Buffer, iterations: number): Buffer {
  const algorithm = scramHashes[mechanism]
  return pbkdf2Sync(password, salt, iterations, digestBytes[algorithm], algorithm)
}

/** ClientKey: what proves the client. Never leaves the process that computes it. */
export function clientKey(mechanism: ScramMechanism, salted: Buffer): Buffer {
  return hmac(mechanism, salted, 'Client Key')
}

/** StoredKey: what a server compares a client's proof with. */
export function storedKey(mechanism: ScramMechanism, salted: Buffer): Buffer {
  return hash(scramHashes[mechanism], clientKey(mechanism, salted), 'buffer')
}

/** ServerKey: what a server proves itself with. */
export function serverKey(mechanism: ScramMechanism, salted: Buffer): Buffer {
  return hmac(mechanism, salted, 'Server Key')
}

/** ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage). */
export function clientProof(mechanism: ScramMechanism, salted: Buffer, authMessage: string): Buffer {
  const proof = Buffer.from(clientKey(mechanism, salted))
  const signature = hmac(mechanism, storedKey(mechanism, salted), authMessage)
  for (const [index, byte] of signature.entries()) proof[index] = (proof[index] as number) ^ byte
  return proof
}

/** ServerSignature = HMAC(ServerKey, AuthMessage). */
export function serverSignature(mechanism: ScramMechanism, salted: Buffer, authMessage: string): Buffer {
  return hmac(mechanism, serverKey(mechanism, salted), authMessage)
}

/** The stored form of a password, with a fresh salt. */
export function scramVerifier(mechanism: ScramMechanism, password: string, iterations = minIterations): ScramVerifier {
  const salt = randomBytes(16)
  const salted = saltedPassword(mechanism, password, salt, iterations)
  return {
    salt: salt.toString('base64'),
    iterations,
    storedKey: storedKey(mechanism, salted).toString('base64'),
    serverKey: serverKey(mechanism, salted).toString('base64'),
  }
}

function hmac(mechanism: ScramMechanism, key: Buffer, text: string): Buffer {
  return createHmac(scramHashes[mechanism], key).update(text).digest()
}
