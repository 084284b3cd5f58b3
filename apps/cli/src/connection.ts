import { createApiClient } from '@weir/control-plane-client'
import type { ApiClient, TokenSource } from '@weir/control-plane-client'
import { WeirError } from '@weir/kernel'
import type { Context } from './command.ts'
import { accessToken } from './login/access-token.ts'
import { LoginStore } from './login/login-store.ts'
import { findSandbox, requireSandbox, sandboxToken } from './sandbox.ts'
import { webAddress } from './web-address.ts'

const requestTimeoutMs = 30_000

type Asking = Pick<Context, 'env' | 'cwd' | 'as' | 'controlPlane'>

/** The control plane, and who asks: the person of `--as` in the sandbox, else who is logged in there. */
export function connect(asking: Asking): ApiClient {
  const { as, controlPlane } = asking
  const chosen = controlPlane === undefined ? undefined : webAddress(controlPlane, '--control-plane')
  if (as !== undefined) {
    const sandbox = requireSandbox(asking)
    return clientOf(chosen ?? sandbox.controlPlane, () => sandboxToken(sandbox, as))
  }
  const store = new LoginStore(asking.env)
  const baseUrl = chosen ?? store.controlPlane
  if (baseUrl === undefined) throw nobody(asking)
  return clientOf(baseUrl, (options) => accessToken(store, baseUrl, options))
}

function clientOf(baseUrl: string, token: TokenSource): ApiClient {
  return createApiClient({ baseUrl, token, timeoutMs: requestTimeoutMs })
}

function nobody(asking: Asking): WeirError {
  const login = 'weir login --control-plane URL --issuer URL --client-id ID'
  const message =
    findSandbox(asking) === undefined
      ? `You are not logged in. Log in with ${login}.`
      : `Say who you are in the sandbox, for example --as carol; at another control plane, log in with ${login}.`
  return new WeirError('WEIR_UNAUTHENTICATED', message)
}
