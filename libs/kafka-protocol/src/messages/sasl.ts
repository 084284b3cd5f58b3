import { api, array, bytes, int16, int64, string } from '../schema.ts'

/** SaslHandshake. Never flexible: it comes before anything is agreed. */
export const saslHandshake = api(
  17,
  'SaslHandshake',
  { versions: [0, 1], flexible: 'never' },
  {
    request: { mechanism: string() },
    response: { errorCode: int16(), mechanisms: array(string()) },
  },
)

/** SaslAuthenticate (session lifetime and re-authentication KIP-368). */
export const saslAuthenticate = api(
  36,
  'SaslAuthenticate',
  { versions: [0, 2], flexible: 2 },
  {
    request: { authBytes: bytes() },
    response: {
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      authBytes: bytes(),
      sessionLifetimeMs: int64({ since: 1, default: 0n, ignorable: true }),
    },
  },
)
