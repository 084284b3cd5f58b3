/**
 * SASL as a Kafka broker speaks it: SaslHandshake v0 (raw tokens follow) and v1 (SaslAuthenticate follows), PLAIN and OAUTHBEARER,
 * and KIP-368 re-authentication on the live connection. Pure: messages in, messages out; the caller verifies the credential.
 */
import { errorCode } from '@weir/kafka-protocol'

export const mechanisms = ['PLAIN', 'OAUTHBEARER'] as const
export type Mechanism = (typeof mechanisms)[number]

/** What a first client message holds, or why it cannot be read. */
export type Presented = { readonly credential: string } | { readonly problem: string }

export function isMechanism(name: string): name is Mechanism {
  return (mechanisms as readonly string[]).includes(name)
}

/** The answer to SaslHandshake: 33 with the list when the mechanism is not served here. */
export function handshakeAnswer(mechanism: string): { errorCode: number; mechanisms: string[] } {
  return {
    errorCode: isMechanism(mechanism) ? errorCode.NONE : errorCode.UNSUPPORTED_SASL_MECHANISM,
    mechanisms: [...mechanisms],
  }
}

export function readCredential(mechanism: Mechanism, message: Buffer): Presented {
  return mechanism === 'PLAIN' ? readPlain(message) : readOauthBearer(message)
}

/**
 * RFC 4616: [authzid] NUL authcid NUL passwd. The password is a token or a Weir key, which names its owner itself;
 * the user name is free, so that tools that insist on one can have any. Acting for another (authzid) is not offered.
 */
function readPlain(message: Buffer): Presented {
  const parts = message.toString('utf8').split('\0')
  const [authzid, authcid, password] = parts
  if (parts.length !== 3 || password === undefined)
    return { problem: 'The PLAIN message must be authzid, user name and password.' }
  if (authzid !== '' && authzid !== authcid) return { problem: 'Acting for another identity (authzid) is not offered.' }
  if (password === '') return { problem: 'The password is empty: it must be a token or a Weir key.' }
  return { credential: password }
}

/** RFC 7628 §3.1: gs2-header, then key=value pairs, each ended by 0x01; the token is in `auth`. */
function readOauthBearer(message: Buffer): Presented {
  const text = message.toString('utf8')
  const match = /^n,(?:a=([^,]*))?,\x01((?:[A-Za-z]+=[\x09\x0a\x0d\x20-\x7e]*\x01)+)\x01$/.exec(text)
  if (match === null) return { problem: 'The OAUTHBEARER message is not well formed (RFC 7628, section 3.1).' }
  if (match[1] !== undefined && match[1] !== '')
    return { problem: 'Acting for another identity (authzid) is not offered.' }
  for (const pair of (match[2] as string).split('\x01')) {
    const bearer = /^auth=bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(pair)
    if (bearer?.[1] !== undefined) return { credential: bearer[1] }
  }
  return { problem: 'The OAUTHBEARER message has no `auth=Bearer <token>`.' }
}
