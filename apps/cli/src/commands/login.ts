import type { Whoami } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import * as oidc from 'openid-client'
import { command } from '../command.ts'
import type { Context } from '../command.ts'
import { connect } from '../connection.ts'
import { UsageError } from '../failures.ts'
import { openBrowser } from '../login/browser.ts'
import { loginByCode } from '../login/code-login.ts'
import { loginByDevice } from '../login/device-login.ts'
import { discoverIssuer } from '../login/issuer.ts'
import { LoginStore } from '../login/login-store.ts'
import type { LoginSettings, Tokens } from '../login/login-store.ts'
import { flag, text } from '../options.ts'
import { fields, printable } from '../table.ts'
import { webAddress } from '../web-address.ts'

const defaultAudience = 'weir-control-plane'

export const login = command({
  name: 'login',
  summary: 'log in at a control plane, in the browser',
  details:
    'The first login at a control plane needs --control-plane, --issuer and --client-id; they are kept in ' +
    '${XDG_CONFIG_HOME:-~/.config}/weir/config.json, the tokens beside it, readable by you alone. BROWSER names ' +
    'the program that opens the page; set and empty, the address is only printed.',
  options: {
    device: flag('log in with a browser elsewhere, by a code'),
    issuer: text('URL', 'the OpenID Connect issuer that the control plane trusts'),
    'client-id': text('ID', 'the public client that is registered there for this command'),
    audience: text('NAME', `the audience that the control plane accepts; default: ${defaultAudience}`),
  },
  no: 'the issuer or the control plane refuses',
  async run(options, context) {
    if (context.as !== undefined) throw new UsageError('--as takes the place of a login: leave one of the two out')
    const store = new LoginStore(context.env)
    const controlPlane =
      context.controlPlane === undefined ? store.controlPlane : webAddress(context.controlPlane, '--control-plane')
    if (controlPlane === undefined) {
      throw new UsageError('the first login needs --control-plane URL --issuer URL --client-id ID')
    }
    const settings = chooseSettings(store.settings(controlPlane), controlPlane, {
      issuer: options.issuer,
      clientId: options['client-id'],
      audience: options.audience,
    })
    const tokens = await obtainTokens(settings, context, options.device)
    store.saveSettings(controlPlane, settings)
    store.saveTokens(controlPlane, tokens)
    const api = connect({ ...context, controlPlane })
    const person = await api.call('whoami', {})
    return { value: person, text: `Logged in at ${controlPlane}.\n${describePerson(person)}` }
  },
})

export const logout = command({
  name: 'logout',
  summary: 'remove the tokens of the login, and revoke them where the issuer can',
  async run(_, context) {
    const store = new LoginStore(context.env)
    const controlPlane =
      context.controlPlane === undefined ? store.controlPlane : webAddress(context.controlPlane, '--control-plane')
    const tokens = controlPlane === undefined ? undefined : store.tokens(controlPlane)
    if (controlPlane === undefined || tokens === undefined) {
      return { value: { loggedOut: false }, text: 'You were not logged in.' }
    }
    store.removeTokens(controlPlane)
    const settings = store.settings(controlPlane)
    if (settings !== undefined) await revoke(settings, tokens, context)
    return { value: { loggedOut: true }, text: `Logged out at ${controlPlane}.` }
  },
})

export const whoami = command({
  name: 'whoami',
  summary: 'who you are to the control plane, and what you may do there',
  async run(_, context) {
    const api = context.api()
    const person = await api.call('whoami', {})
    return { value: person, text: describePerson(person) }
  },
})

function chooseSettings(
  known: LoginSettings | undefined,
  controlPlane: string,
  given: { readonly [K in keyof LoginSettings]: LoginSettings[K] | undefined },
): LoginSettings {
  const issuer = given.issuer === undefined ? known?.issuer : webAddress(given.issuer, '--issuer')
  const clientId = given.clientId ?? known?.clientId
  if (issuer === undefined || clientId === undefined) {
    throw new UsageError(`the first login at ${controlPlane} needs --issuer URL --client-id ID`)
  }
  return { issuer, clientId, audience: given.audience ?? known?.audience ?? defaultAudience }
}

async function obtainTokens(settings: LoginSettings, context: Context, device: boolean): Promise<Tokens> {
  const configuration = await discoverIssuer(settings)
  if (device) {
    return loginByDevice(configuration, settings, (address, code) => {
      context.say(`Open this address in a browser anywhere:\n\n  ${printable(address)}\n`)
      context.say(`and check that it shows, or enter there, the code ${printable(code)}\n`)
    })
  }
  return loginByCode(configuration, settings, (url) => {
    context.say(`Log in at this address (a browser should open):\n\n  ${printable(url.href)}\n`)
    openBrowser(url, context.env)
  })
}

/** RFC 7009. The tokens are gone from here whatever comes of it. */
async function revoke(settings: LoginSettings, tokens: Tokens, context: Context): Promise<void> {
  try {
    const configuration = await discoverIssuer(settings)
    if (configuration.serverMetadata().revocation_endpoint === undefined) return
    await oidc.tokenRevocation(configuration, tokens.refreshToken ?? tokens.accessToken)
  } catch (error) {
    const why = error instanceof WeirError ? error.message : `The issuer ${settings.issuer} refused.`
    context.say(`The tokens are removed here, but could not be revoked: ${why}`)
  }
}

function describePerson(person: Whoami): string {
  return fields({
    subject: person.subject,
    name: person.displayName,
    issuer: person.issuer,
    groups: person.groups.join(', ') || 'none',
    rights: person.rights.join(', ') || 'none',
  })
}
