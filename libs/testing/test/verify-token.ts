import { createRemoteJWKSet, jwtVerify } from 'jose'

/** The claims, after the checks that a gateway makes. */
export async function verifyToken(issuer: string, token: string, audience = 'weir-kafka') {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience,
    typ: 'at+jwt',
    algorithms: ['ES256'],
    requiredClaims: ['sub', 'iat', 'exp', 'jti', 'client_id'],
  })
  return payload
}
