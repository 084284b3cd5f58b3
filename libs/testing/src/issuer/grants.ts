/** The two grants that the provider lacks, or has without a way to choose an audience by name. */
import { createLocalJWKSet, errors as joseErrors, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import { errors } from 'oidc-provider'
import type { Context, Provider } from 'oidc-provider'
import type { Act, Identities } from './identities.ts'
import type { SigningKeys } from './signing-keys.ts'

export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** What the grants need of the provider that they are registered with. */
export type GrantSettings = {
  readonly issuer: string
  readonly identities: Identities
  readonly keys: SigningKeys
  readonly accessTokenSeconds: number
  /** The resource server for an audience; undefined when there is none of that name. */
  readonly resource: (audience: unknown) => { identifier: string; info: Record<string, unknown> } | undefined
  /** Delegation chains of the tokens being made, for the claims that the provider asks for later. */
  readonly delegations: WeakMap<object, Act>
}

export function registerGrants(provider: Provider, settings: GrantSettings): void {
  provider.registerGrantType('client_credentials', (context) => clientCredentials(provider, settings, context), [
    'scope',
    'audience',
    'resource',
  ])
  provider.registerGrantType(exchangeGrant, (context) => exchange(provider, settings, context), [
    'subject_token',
    'subject_token_type',
    'requested_token_type',
    'scope',
    'audience',
    'resource',
  ])
}

/** RFC 6749 §4.4. */
async function clientCredentials(provider: Provider, settings: GrantSettings, context: Context): Promise<void> {
  const token = new provider.ClientCredentials({ client: context.oidc.client, scope: undefined })
  token.resourceServer = chosenResource(provider, settings, context)
  context.oidc.entity('ClientCredentials', token)
  const text = await token.save()
  context.body = { access_token: text, token_type: 'Bearer', expires_in: token.expiration }
}

/** RFC 8693 §2: the client acts for the subject of the token it presents; who acted before stays in the chain. */
async function exchange(provider: Provider, settings: GrantSettings, context: Context): Promise<void> {
  const { client, params } = context.oidc
  if (params['subject_token_type'] !== accessTokenType) {
    throw new errors.InvalidRequest(`subject_token_type must be ${accessTokenType}`)
  }
  const claims = await readSubjectToken(settings, String(params['subject_token']))
  const subject = String(claims.sub)
  if (!settings.identities.mayActFor(client.clientId, subject)) {
    throw new errors.InvalidGrant(`${client.clientId} may not act for ${subject}`)
  }
  const remaining = (claims.exp as number) - Math.floor(Date.now() / 1000)
  const token = new provider.AccessToken({
    client,
    accountId: subject,
    scope: undefined,
    expiresIn: Math.max(1, Math.min(settings.accessTokenSeconds, remaining)),
  })
  token.resourceServer = chosenResource(provider, settings, context)
  settings.delegations.set(token, settings.identities.link(client.clientId, claims['act'] as Act | undefined))
  context.oidc.entity('AccessToken', token)
  const text = await token.save()
  context.body = {
    access_token: text,
    issued_token_type: accessTokenType,
    token_type: 'Bearer',
    expires_in: token.expiration,
  }
}

async function readSubjectToken(settings: GrantSettings, token: string): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(settings.keys.public), {
      issuer: settings.issuer,
      typ: 'at+jwt',
      requiredClaims: ['sub', 'exp'],
    })
    return payload
  } catch (error) {
    if (!(error instanceof joseErrors.JOSEError)) throw error
    throw new errors.InvalidGrant(`subject_token: ${error.message}`)
  }
}

/** Issuers differ in whether a client names its audience with `audience` or `resource` (RFC 8707): either will do. */
function chosenResource(provider: Provider, settings: GrantSettings, context: Context) {
  const { audience, resource } = context.oidc.params
  const chosen = settings.resource(audience ?? resource)
  if (chosen === undefined) throw new errors.InvalidTarget('the audience is not one of this issuer')
  return new provider.ResourceServer(chosen.identifier, chosen.info)
}
