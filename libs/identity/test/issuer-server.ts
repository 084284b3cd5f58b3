import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { CryptoKey, JWK, JWTPayload } from 'jose'

export const audience = 'weir-kafka'

/** An issuer over HTTP whose answers a test can bend. `claims` of undefined leave the claim out. */
export async function startIssuer() {
  const state = {
    keys: [] as JWK[],
    signing: undefined as unknown as { kid: string; algorithm: string; privateKey: CryptoKey },
    requests: { discovery: 0, keys: 0 },
    /** Overrides of what the two documents answer. */
    discovery: {} as Record<string, unknown>,
    keysBody: undefined as string | undefined,
    /** `hang`: accepts and never answers. */
    mood: 'well' as 'well' | 'failing' | 'hang' | 'redirecting',
  }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (state.mood === 'hang') return
    if (state.mood === 'failing') return void response.writeHead(503).end()
    if (path === '/.well-known/openid-configuration') {
      state.requests.discovery++
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys`, ...state.discovery }))
    } else if (path === '/keys' && state.mood === 'redirecting') {
      response.writeHead(302, { location: '/elsewhere' }).end()
    } else {
      state.requests.keys++
      response.end(state.keysBody ?? JSON.stringify({ keys: state.keys }))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = (server.address() as AddressInfo).port
  const issuer = `http://127.0.0.1:${port}`

  /** A new signing key; `keep` leaves the older ones published. */
  const rotate = async (kid: string, options: { algorithm?: string; keep?: boolean } = {}) => {
    const algorithm = options.algorithm ?? 'ES256'
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }
    state.keys = options.keep === true ? [...state.keys, jwk] : [jwk]
    state.signing = { kid, algorithm, privateKey }
  }
  await rotate('first')

  return {
    issuer,
    state,
    rotate,
    sign(claims: JWTPayload, options: { nowMs: number; header?: Record<string, unknown> }): Promise<string> {
      const nowSeconds = Math.floor(options.nowMs / 1000)
      const all = { iss: issuer, aud: audience, sub: 'alice', iat: nowSeconds, exp: nowSeconds + 600, ...claims }
      const header = { alg: state.signing.algorithm, kid: state.signing.kid, typ: 'at+jwt', ...options.header }
      return new SignJWT(all).setProtectedHeader(header).sign(state.signing.privateKey)
    },
    /** Ends the server, and starts it again on the same port. */
    stop: () => closed(server),
    resume: () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve)),
  }
}

export type TestIssuer = Awaited<ReturnType<typeof startIssuer>>

function closed(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve()
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** A clock that moves only when told; starts at a whole second of 2026. */
export function heldClock() {
  let elapsedMs = 0
  const startMs = Date.UTC(2026, 10, 22, 12)
  return {
    now: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    advance(ms: number) {
      elapsedMs += ms
    },
  }
}
