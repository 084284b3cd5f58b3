import { WeirError } from '@weir/kernel'
import * as oidc from 'openid-client'
import { isLoopback } from '../web-address.ts'
import type { LoginSettings, Tokens } from './login-store.ts'

const requestTimeoutSeconds = 10

/** Reads the issuer's discovery document. Throws WEIR_ISSUER_UNAVAILABLE. */
export function discoverIssuer({ issuer, clientId }: LoginSettings): Promise<oidc.Configuration> {
  const url = new URL(issuer)
  return askIssuer(issuer, () =>
    oidc.discovery(url, clientId, undefined, oidc.None(), {
      timeout: requestTimeoutSeconds,
      execute: url.protocol === 'http:' && isLoopback(url) ? [oidc.allowInsecureRequests] : [],
    }),
  )
}

/** What a login asks for: an access token for the control plane, and a refresh token where the issuer gives one. */
export function loginParameters(configuration: oidc.Configuration, audience: string): Record<string, string> {
  const scopes = configuration.serverMetadata().scopes_supported
  const scope = scopes?.includes('offline_access') === true ? 'openid offline_access' : 'openid'
  // Issuers differ in the name of this; RFC 8707 has `resource`, which must be a URI. Others ignore what they do not know.
  return { scope, audience, ...(URL.canParse(audience) ? { resource: audience } : {}) }
}

/** Puts a request to the issuer; what fails is told by its cause: it does not answer, or it says no. */
export async function askIssuer<T>(issuer: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    if (error instanceof WeirError) throw error
    if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
      const why = error.error_description ?? error.error
      throw new WeirError('WEIR_FORBIDDEN', `The issuer ${issuer} refused the login: ${why}.`, { cause: error })
    }
    const why = reasonOf(error)
    throw new WeirError('WEIR_ISSUER_UNAVAILABLE', `The issuer ${issuer} does not answer as it should: ${why}.`, {
      cause: error,
    })
  }
}

export function tokensOf(response: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers): Tokens {
  const seconds = response.expiresIn()
  return {
    accessToken: response.access_token,
    ...(response.refresh_token === undefined ? {} : { refreshToken: response.refresh_token }),
    ...(seconds === undefined ? {} : { expiresAtMs: Date.now() + seconds * 1000 }),
  }
}

/** The last cause says most: `connect ECONNREFUSED …` rather than `fetch failed`. */
function reasonOf(error: unknown): string {
  let last = error
  while (last instanceof Error && last.cause instanceof Error) last = last.cause
  return last instanceof Error ? last.message || last.name : String(last)
}
