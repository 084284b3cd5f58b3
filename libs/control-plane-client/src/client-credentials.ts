import { WeirError } from '@weir/kernel'
import * as openid from 'openid-client'
import type { TokenSource } from './api-client.ts'
import { isExposed, isLoopback } from './loopback.ts'

/** A token is replaced this long before it expires, so that none expires on its way. */
const earlyMs = 30_000
/** For issuers that do not say how long their tokens live (RFC 6749 §5.1: `expires_in` is recommended). */
const unknownLifetimeMs = 60_000
const requestTimeoutS = 10

/**
 * Tokens by the client credentials grant (RFC 6749 §4.4), cached until 30 s before they expire, one request at a time.
 * The token endpoint comes from the issuer's discovery document; plain http is accepted on loopback only.
 * `audience` and `resource` (RFC 8707) name the control plane in the words of the issuer at hand.
 * The source throws WEIR_ISSUER_UNAVAILABLE when no token can be had, and WEIR_UNAUTHENTICATED when the issuer refuses the client.
 * Throws WEIR_CONFIG_INVALID for an issuer over plain http elsewhere.
 */
export function clientCredentialsToken(options: {
  issuer: string
  clientId: string
  clientSecret: string
  audience?: string
  resource?: string
}): TokenSource {
  const { issuer, audience, resource } = options
  if (isExposed(new URL(issuer))) {
    const message = `The issuer ${issuer} is not reached over TLS: a client secret may travel in plain text on loopback only. Use https.`
    throw new WeirError('WEIR_CONFIG_INVALID', message)
  }
  const parameters: Record<string, string> = {}
  if (audience !== undefined) parameters.audience = audience
  if (resource !== undefined) parameters.resource = resource
  let configuration: openid.Configuration | undefined
  let cached: { token: string; untilMs: number } | undefined
  let asking: Promise<string> | undefined

  const ask = async (): Promise<string> => {
    try {
      configuration ??= await discover(options)
      const answer = await openid.clientCredentialsGrant(configuration, parameters)
      const lifetimeMs = (answer.expires_in ?? unknownLifetimeMs / 1000) * 1000
      // Even a token that lives for less than the margin is good for the call it was fetched for.
      cached = { token: answer.access_token, untilMs: performance.now() + Math.max(lifetimeMs - earlyMs, 0) }
      return answer.access_token
    } catch (error) {
      throw failure(issuer, options.clientId, error)
    } finally {
      asking = undefined
    }
  }

  return async ({ fresh } = { fresh: false }) => {
    if (!fresh && cached !== undefined && performance.now() < cached.untilMs) return cached.token
    return (asking ??= ask())
  }
}

async function discover(options: {
  issuer: string
  clientId: string
  clientSecret: string
}): Promise<openid.Configuration> {
  const { clientId, clientSecret } = options
  const issuer = new URL(options.issuer)
  const execute = isLoopback(issuer) ? [openid.allowInsecureRequests] : []
  const found = await openid.discovery(issuer, clientId, clientSecret, undefined, { execute, timeout: requestTimeoutS })
  const methods = found.serverMetadata().token_endpoint_auth_methods_supported
  if (methods === undefined || methods.includes('client_secret_post')) return found
  const configuration = new openid.Configuration(
    found.serverMetadata(),
    clientId,
    clientSecret,
    openid.ClientSecretBasic(clientSecret),
  )
  configuration.timeout = requestTimeoutS
  for (const each of execute) each(configuration)
  return configuration
}

function failure(issuer: string, clientId: string, error: unknown): WeirError {
  const refused = error instanceof openid.ResponseBodyError || error instanceof openid.WWWAuthenticateChallengeError
  if (refused && error.status < 500) {
    const reason = error instanceof openid.ResponseBodyError ? error.error : `status ${error.status}`
    const message = `The issuer ${issuer} refused the client ${clientId}: ${reason}. Check its id, its secret and the audience.`
    return new WeirError('WEIR_UNAUTHENTICATED', message, { cause: error })
  }
  const message = `No token can be had from the issuer ${issuer}. Check its address, and that it is up.`
  return new WeirError('WEIR_ISSUER_UNAVAILABLE', message, { cause: error })
}
