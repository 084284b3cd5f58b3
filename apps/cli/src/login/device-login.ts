import { WeirError } from '@weir/kernel'
import * as oidc from 'openid-client'
import { askIssuer, loginParameters, tokensOf } from './issuer.ts'
import type { LoginSettings, Tokens } from './login-store.ts'

/** RFC 8628: the login happens in a browser anywhere. `show` gets where, and the code to enter there. */
export async function loginByDevice(
  configuration: oidc.Configuration,
  settings: LoginSettings,
  show: (address: string, code: string) => void,
): Promise<Tokens> {
  if (configuration.serverMetadata().device_authorization_endpoint === undefined) {
    const message = `The issuer ${settings.issuer} has no device flow; log in without --device.`
    throw new WeirError('WEIR_UNSUPPORTED', message)
  }
  const parameters = loginParameters(configuration, settings.audience)
  const started = await askIssuer(settings.issuer, () => oidc.initiateDeviceAuthorization(configuration, parameters))
  show(started.verification_uri_complete ?? started.verification_uri, started.user_code)
  const { scope: _, ...target } = parameters
  return tokensOf(
    await askIssuer(settings.issuer, () => oidc.pollDeviceAuthorizationGrant(configuration, started, target)),
  )
}
