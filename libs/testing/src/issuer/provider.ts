import { errors, interactionPolicy, Provider } from 'oidc-provider'
import type { Adapter, Context, Token } from 'oidc-provider'
import { exchangeGrant, registerGrants } from './grants.ts'
import type { Act, Identities } from './identities.ts'
import { deviceCodePage, deviceConfirmPage, messagePage } from './pages.ts'
import type { SigningKeys } from './signing-keys.ts'

/** The public client of people's programs: code with PKCE on any loopback port, device flow, refresh tokens. */
const peopleClientId = 'weir-cli'

/** Stands for all audiences at once; a token that was asked for without naming one has them all. */
const everyAudience = 'urn:weir:audience:all'

export type ProviderSettings = {
  readonly issuer: string
  readonly identities: Identities
  readonly audiences: readonly string[]
  readonly keys: SigningKeys
  readonly accessTokenSeconds: number
  readonly store: (kind: string) => Adapter
  readonly cookieKeys: readonly string[]
}

/**
 * An oidc-provider with every default that it warns about replaced. Its keys are fixed when it is made: after a rotation a
 * new one takes over on the same store.
 */
export function createProvider(settings: ProviderSettings): Provider {
  const { issuer, identities, keys, accessTokenSeconds } = settings
  const delegations = new WeakMap<object, Act>()
  const resource = (audience: unknown) => {
    const wanted = audience ?? everyAudience
    if (typeof wanted !== 'string' || (wanted !== everyAudience && !settings.audiences.includes(wanted)))
      return undefined
    const sign = { alg: keys.signing.algorithm, kid: keys.signing.kid }
    return { identifier: wanted, info: { audience: wanted, scope: '', accessTokenFormat: 'jwt', jwt: { sign } } }
  }
  const provider = new Provider(issuer, {
    adapter: settings.store,
    clients: clientsOf(identities),
    clientDefaults: { id_token_signed_response_alg: keys.signing.algorithm },
    responseTypes: ['code'],
    cookies: { keys: settings.cookieKeys },
    jwks: keys.private,
    claims: { openid: ['sub', 'groups'] },
    clientBasedCORS: () => false,
    findAccount: (_: Context, subject: string) =>
      identities.isPerson(subject) ? account(subject, identities) : undefined,
    extraTokenClaims: (_: Context, token: Token) => ({
      groups: identities.groupsOf(token.accountId ?? token.clientId) ?? [],
      act: delegations.get(token),
    }),
    formats: {
      customizers: {
        jwt: (_: Context, __: Token, { payload }: { payload: { aud: unknown } }) => {
          if (payload.aud === everyAudience) payload.aud = settings.audiences
        },
      },
    },
    interactions: {
      policy: withoutConsent(),
      url: (_: Context, interaction: { uid: string }) => `/interaction/${interaction.uid}`,
    },
    loadExistingGrant: (context: Context) => grantAll(provider, context),
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    renderError: (context: Context, out: { error: string; error_description?: string }) => {
      context.type = 'html'
      context.body = messagePage('This did not work', `${out.error}: ${out.error_description ?? ''}`)
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      deviceFlow: deviceFlow(),
      resourceIndicators: {
        enabled: true,
        defaultResource: () => everyAudience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_: Context, identifier: string) => {
          const found = resource(identifier)
          if (found === undefined) throw new errors.InvalidTarget('the resource is not one of this issuer')
          return found.info
        },
      },
    },
    ttl: lifetimes(accessTokenSeconds),
  })
  // The client only sees `server_error`; what happened would be lost.
  provider.on('server_error', (_, error) => process.emitWarning(error))
  registerGrants(provider, { issuer, identities, keys, accessTokenSeconds, resource, delegations })
  return provider
}

/** In seconds. */
function lifetimes(accessTokenSeconds: number) {
  return {
    AccessToken: accessTokenSeconds,
    AuthorizationCode: 60,
    ClientCredentials: accessTokenSeconds,
    DeviceCode: 600,
    Grant: 86_400,
    IdToken: accessTokenSeconds,
    Interaction: 600,
    RefreshToken: 86_400,
    Session: 3_600,
  }
}

function clientsOf(identities: Identities): object[] {
  const machines = identities.machines.map(({ clientId, clientSecret, actsFor }) => ({
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: actsFor === undefined ? ['client_credentials'] : ['client_credentials', exchangeGrant],
    redirect_uris: [],
    response_types: [],
  }))
  const people = {
    client_id: peopleClientId,
    client_name: 'weir',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    // RFC 8252 §7.3: the port of a loopback address is not compared.
    redirect_uris: ['127.0.0.1', '[::1]', 'localhost'].flatMap((host) => [
      `http://${host}/`,
      `http://${host}/callback`,
    ]),
  }
  return [...machines, people]
}

function account(subject: string, identities: Identities) {
  return { accountId: subject, claims: () => ({ sub: subject, groups: identities.groupsOf(subject) ?? [] }) }
}

function withoutConsent() {
  const policy = interactionPolicy.base()
  policy.remove('consent')
  return policy
}

/** In the place of a consent page: whoever logged in grants the program all it asked for. */
async function grantAll(provider: Provider, context: Context) {
  const { clientId } = context.oidc.client
  const grant = new provider.Grant({ clientId, accountId: context.oidc.session.accountId })
  grant.addOIDCScope('openid offline_access')
  grant.addResourceScope(everyAudience, '')
  await grant.save()
  return grant
}

function deviceFlow() {
  return {
    enabled: true,
    userCodeInputSource: (context: Context, form: string, _: unknown, error: Error | undefined) => {
      context.type = 'html'
      context.body = deviceCodePage(form, error && 'That code is not known, or is used up. Enter it again.')
    },
    userCodeConfirmSource: (
      context: Context,
      form: string,
      client: { clientName?: string },
      _: unknown,
      code: string,
    ) => {
      context.type = 'html'
      context.body = deviceConfirmPage(form, client.clientName ?? 'The other program', code)
    },
    successSource: (context: Context) => {
      context.type = 'html'
      context.body = messagePage('Logged in', 'You can close this page and go back to the other program.')
    },
  }
}
