import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Claims = Readonly<Record<string, unknown>>

/** An issuer of tokens: its discovery document and keys over HTTP, its tokens signed with ES256. */
export type TestIssuer = {
  readonly url: string
  /** A token of this subject, for the control plane, good for five minutes; claims override or remove (undefined). */
  token(subject: string, claims?: Claims): string
  stop(): void
}

export const audience = 'weir-control-plane'

export async function startIssuer(): Promise<TestIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }
  const server = createServer((request, response) => {
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/jwks` },
      '/jwks': { keys: [jwk] },
    }
    const document = documents[request.url ?? '']
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    token(subject, claims = {}) {
      const now = Math.floor(Date.now() / 1_000)
      const standard = { iss: url, sub: subject, aud: audience, iat: now, exp: now + 300, jti: randomUUID() }
      const unsigned = [
        { alg: 'ES256', kid: 'k1', typ: 'at+jwt' },
        { ...standard, ...claims },
      ]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.')
      const signature = sign('sha256', Buffer.from(unsigned), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${unsigned}.${signature.toString('base64url')}`
    },
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}
