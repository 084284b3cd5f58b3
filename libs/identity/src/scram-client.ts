import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { WeirError } from '@weir/kernel'
import { clientProof, minIterations, saltedPassword, serverSignature } from './scram.ts'
import type { ScramMechanism } from './scram.ts'

/** More would let a server spend the caller's processor; Kafka brokers go up to 16,384. */
const maxIterations = 1_000_000

/** The client's side of one SCRAM exchange. The three calls are made once each, in this order. */
export interface ScramClient {
  clientFirst(): string
  /** Takes server-first. Throws WEIR_UPSTREAM_AUTHENTICATION when the server's message cannot be trusted. */
  clientFinal(serverFirst: string): string
  /** Takes server-final. Throws WEIR_UPSTREAM_AUTHENTICATION when the server refuses, or does not know the password itself. */
  verifyServerFinal(serverFinal: string): void
}

/**
 * SCRAM without channel binding as messages only (RFC 5802 §5 and §7, RFC 7677): the caller moves them.
 * `nonce` (printable ASCII without a comma) is for test vectors; without it, 24 random bytes.
 */
export function scramClient(
  mechanism: ScramMechanism,
  username: string,
  password: string,
  nonce: string = randomBytes(24).toString('base64'),
): ScramClient {
  // RFC 5802 §5.1: `,` and `=` would end or forge an attribute.
  const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C')
  const clientFirstBare = `n=${name},r=${nonce}`
  let expectedSignature: Buffer | undefined
  return {
    clientFirst: () => `n,,${clientFirstBare}`,
    clientFinal(serverFirst) {
      const challenge = readServerFirst(serverFirst, nonce)
      const salted = derive(mechanism, password, challenge.salt, challenge.iterations)
      const withoutProof = `c=biws,r=${challenge.nonce}`
      const authMessage = `${clientFirstBare},${serverFirst},${withoutProof}`
      expectedSignature = serverSignature(mechanism, salted, authMessage)
      return `${withoutProof},p=${clientProof(mechanism, salted, authMessage).toString('base64')}`
    },
    verifyServerFinal(serverFinal) {
      if (expectedSignature === undefined) throw new TypeError('clientFinal comes before verifyServerFinal')
      const refusal = /^e=([^,]*)/.exec(serverFinal)
      if (refusal !== null) throw failed(`the server answered "${refusal[1]}"`)
      const signature = decodeBase64(/^v=([^,]*)/.exec(serverFinal)?.[1])
      if (signature === undefined) throw failed('its final message is not well formed')
      if (signature.length !== expectedSignature.length || !timingSafeEqual(signature, expectedSignature)) {
        throw failed('its signature is wrong, so it does not know the password')
      }
    },
  }
}

function readServerFirst(message: string, clientNonce: string): { nonce: string; salt: Buffer; iterations: number } {
  if (message.startsWith('m=')) throw failed('it demands an extension (m=) that is not supported')
  const fields = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,9})(?:,.*)?$/.exec(message)
  const salt = decodeBase64(fields?.[2])
  const nonce = fields?.[1]
  if (nonce === undefined || salt === undefined) throw failed('its first message is not well formed')
  if (!nonce.startsWith(clientNonce) || nonce.length === clientNonce.length) {
    throw failed('its nonce does not continue ours')
  }
  const iterations = Number(fields?.[3])
  if (iterations < minIterations || iterations > maxIterations) {
    throw failed(`it asks for ${iterations} iterations; allowed are ${minIterations} to ${maxIterations}`)
  }
  return { nonce, salt, iterations }
}

/** Strict: Buffer.from alone takes anything and drops what it does not know. */
function decodeBase64(text: string | undefined): Buffer | undefined {
  if (text === undefined || text === '') return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

/**
 * RFC 5802 §5.1 lets a client keep the salted password. A process has a few upstream credentials and logs in with them on
 * every connection, so this saves a millisecond of the event loop each time.
 */
const derived = new Map<string, Buffer>()
const derivedLimit = 16

function derive(mechanism: ScramMechanism, password: string, salt: Buffer, iterations: number): Buffer {
  const key = hash('sha256', JSON.stringify([mechanism, password, salt.toString('base64'), iterations]), 'base64')
  const kept = derived.get(key)
  if (kept !== undefined) return kept
  const salted = saltedPassword(mechanism, password, salt, iterations)
  const oldest = derived.keys().next().value
  if (derived.size >= derivedLimit && oldest !== undefined) derived.delete(oldest)
  derived.set(key, salted)
  return salted
}

function failed(why: string): WeirError {
  return new WeirError('WEIR_UPSTREAM_AUTHENTICATION', `SCRAM with the server failed: ${why}.`)
}
