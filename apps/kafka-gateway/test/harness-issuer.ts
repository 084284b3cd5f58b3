/** An issuer of tokens for one test: a key made for it, and a key set served on this machine. */
import { createServer } from 'node:http'
import { createAuthenticator } from '@weir/identity'
import type { Authenticator } from '@weir/identity'
import { listen, systemClock } from '@weir/kernel'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'

export const issuer = 'https://issuer.test'
export const audience = 'weir'

export type TokenOptions = { readonly lifetimeS?: number; readonly audience?: string }

export type TestIssuer = {
  readonly authenticator: Authenticator
  token(subject: string, groups?: readonly string[], options?: TokenOptions): Promise<string>
  stop(): Promise<void>
}

export async function startTestIssuer(): Promise<TestIssuer> {
  const keys = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] }
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(jwks))
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 }, 'key set', 'port')
  const jwksUri = `http://127.0.0.1:${port}/`
  const authenticator = createAuthenticator({
    issuers: [{ issuer, audiences: [audience], algorithms: ['ES256'], clockToleranceMs: 0, jwksUri }],
    keys: () => undefined,
    clock: systemClock,
  })
  return {
    authenticator,
    token: (subject, groups = [], options = {}) =>
      new SignJWT({ groups: [...groups] })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(options.audience ?? audience)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + (options.lifetimeS ?? 3600))
        .sign(keys.privateKey),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
