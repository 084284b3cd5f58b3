import { randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { WeirError, listen } from '@weir/kernel'
import type { Stoppable } from '@weir/kernel'
import type { JWTPayload } from 'jose'
import { defaultMachines, defaultPeople, Identities } from './identities.ts'
import type { Machine, Person } from './identities.ts'
import { createMemoryStore } from './memory-store.ts'
import { createProvider } from './provider.ts'
import { createRequestHandler } from './request-handler.ts'
import { SigningKeys } from './signing-keys.ts'

/** Who is known to the issuer, and where it listens. All of it has defaults. */
export type DevIssuerOptions = {
  /** Default: any free one. */
  readonly port?: number
  /** A loopback address; default 127.0.0.1. */
  readonly host?: '127.0.0.1' | '::1' | 'localhost'
  /**
   * Listens on every address and keeps the loopback name: for a container, which is reached at a port that the host publishes on
   * its own loopback address. Requests under any other name are still turned away.
   */
  readonly everyAddress?: boolean
  /** Default: alice (payments), bob (analysts), carol and erin (platform-leads), dave. */
  readonly people?: readonly Person[]
  /** Default: etl, agent (acts for alice), kafka-gateway and control-plane, each with `<name>-secret`. */
  readonly machines?: readonly Machine[]
  /** Default `weir-kafka` and `weir-control-plane`. A token that is asked for without naming one has all of them. */
  readonly audiences?: readonly string[]
  /** Lifetime of access tokens; default 3600. */
  readonly accessTokenSeconds?: number
}

/** What a token says that nobody logged in for. */
export type DevTokenOptions = {
  readonly audience?: string | readonly string[]
  /** May be negative, for a token that has expired. Default: `accessTokenSeconds`. */
  readonly expiresInSeconds?: number
  /** Default: the subject's own. */
  readonly groups?: readonly string[]
  /** Who acts for the subject, outermost first. */
  readonly act?: string | readonly string[]
  /** Added to the claims, over all others; for tokens that no well-behaved issuer makes. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** A running issuer; see {@link startDevIssuer}. */
export type DevIssuer = Stoppable & {
  /** The `iss` of its tokens: `http://127.0.0.1:<port>`. Token endpoint `/token`, keys `/jwks`, device flow `/device/auth`. */
  readonly issuer: string
  readonly port: number
  readonly audiences: readonly string[]
  /** An access token without a login. Throws TypeError for an unknown subject without groups. */
  token(subject: string, options?: DevTokenOptions): Promise<string>
  /** Signs with a new key from now on; `withdraw` unpublishes the older ones. Resolves with the new key's id. */
  rotate(options?: { withdraw?: boolean }): Promise<string>
}

/**
 * A real OpenID Connect issuer for tests and the sandbox: client credentials for machines, code with PKCE and device flow for
 * people (client `weir-cli`, public; the login page asks for a name only), and token exchange (RFC 8693) for machines that
 * act for somebody. `POST /dev/token` gives anybody's token to any local program, so it goes by a loopback address only.
 * Throws WEIR_CONFIG_INVALID under NODE_ENV=production, WEIR_PORT_IN_USE when the port is taken.
 */
export async function startDevIssuer(options: DevIssuerOptions = {}): Promise<DevIssuer> {
  const { host = '127.0.0.1', accessTokenSeconds = 3600 } = options
  if (process.env['NODE_ENV'] === 'production') {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      'The dev issuer gives a token to whoever asks; it does not run in production.',
    )
  }
  if (!['127.0.0.1', '::1', 'localhost'].includes(host)) {
    throw new WeirError('WEIR_CONFIG_INVALID', `The dev issuer serves loopback addresses only, not ${host}.`)
  }
  const identities = new Identities(options.people ?? defaultPeople, options.machines ?? defaultMachines)
  const audiences = options.audiences ?? ['weir-kafka', 'weir-control-plane']
  const keys = await SigningKeys.create()
  const server = createServer()
  const address = { host: options.everyAddress === true ? '0.0.0.0' : host, port: options.port ?? 0 }
  // The port must be known before the provider can be made: the issuer's name holds it.
  const port = await listen(server, address, 'dev issuer', 'port')
  const issuer = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const store = createMemoryStore()
  const cookieKeys = [randomBytes(32).toString('base64url')]
  const newProvider = () =>
    createProvider({ issuer, identities, audiences, keys, accessTokenSeconds, store, cookieKeys })

  let provider = newProvider()
  const token = async (subject: string, wanted: DevTokenOptions = {}) => {
    const groups = wanted.groups ?? identities.groupsOf(subject)
    if (groups === undefined) throw new TypeError(`the dev issuer knows no ${subject}; give groups`)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      sub: subject,
      aud: wanted.audience ?? audiences,
      iat: now,
      exp: now + (wanted.expiresInSeconds ?? accessTokenSeconds),
      jti: randomUUID(),
      client_id: 'dev-token',
      groups,
      act: identities.chain(wanted.act === undefined ? [] : [wanted.act].flat()),
      ...wanted.claims,
    }
    return keys.sign(claims as JWTPayload)
  }
  const handle = createRequestHandler({ issuer, identities, token, accessTokenSeconds, provider: () => provider })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => void handle(request, response))
  return {
    name: 'dev issuer',
    issuer,
    port,
    audiences,
    token,
    async rotate({ withdraw = false } = {}) {
      const kid = await keys.rotate({ withdraw })
      provider = newProvider()
      return kid
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
