import { join } from 'node:path'
import { WeirError } from '@weir/kernel'
import * as oidc from 'openid-client'
import { exclusively } from './file-lock.ts'
import { askIssuer, discoverIssuer, tokensOf } from './issuer.ts'
import type { LoginStore, Tokens } from './login-store.ts'

/** A token that ends while its request is on the way helps nobody. */
const spareMs = 30_000

/**
 * The token of the login at a control plane, refreshed when it has run out, or when `fresh` says that it was refused.
 * Throws WEIR_UNAUTHENTICATED when a new login is needed, WEIR_ISSUER_UNAVAILABLE.
 */
export async function accessToken(store: LoginStore, controlPlane: string, { fresh } = { fresh: false }) {
  const tokens = store.tokens(controlPlane)
  if (tokens === undefined) throw notLoggedIn(controlPlane, 'You are not logged in')
  if (!fresh && isCurrent(tokens)) return tokens.accessToken
  // A refresh token is often good for one use: of two commands at a time one asks, and the other takes what it got.
  return exclusively(join(store.folder, 'tokens.lock'), () => refresh(store, controlPlane, tokens))
}

async function refresh(store: LoginStore, controlPlane: string, old: Tokens): Promise<string> {
  const tokens = store.tokens(controlPlane) ?? old
  if (tokens.accessToken !== old.accessToken && isCurrent(tokens)) return tokens.accessToken
  const { refreshToken } = tokens
  const settings = store.settings(controlPlane)
  if (refreshToken === undefined || settings === undefined) {
    // Refused though it has not run out: the control plane says why when it is asked again.
    if (isCurrent(tokens)) return tokens.accessToken
    throw notLoggedIn(controlPlane, 'Your login has run out')
  }
  const configuration = await discoverIssuer(settings)
  const response = await askIssuer(settings.issuer, async () => {
    try {
      return await oidc.refreshTokenGrant(configuration, refreshToken)
    } catch (error) {
      if (error instanceof oidc.ResponseBodyError) throw notLoggedIn(controlPlane, 'Your login has run out')
      throw error
    }
  })
  // An issuer that keeps the refresh token does not send it again (RFC 6749 §6).
  const renewed = { refreshToken, ...tokensOf(response) }
  store.saveTokens(controlPlane, renewed)
  return renewed.accessToken
}

function isCurrent({ expiresAtMs }: Tokens): boolean {
  return expiresAtMs === undefined || expiresAtMs - spareMs > Date.now()
}

function notLoggedIn(controlPlane: string, what: string): WeirError {
  return new WeirError('WEIR_UNAUTHENTICATED', `${what} at ${controlPlane}. Log in with weir login.`)
}
