import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WeirError } from '@weir/kernel'
import * as oidc from 'openid-client'
import { askIssuer, loginParameters, tokensOf } from './issuer.ts'
import type { LoginSettings, Tokens } from './login-store.ts'

const patienceMs = 5 * 60_000
const callbackPath = '/callback'

/**
 * Authorization code with PKCE (RFC 7636) on a loopback redirect (RFC 8252 §7.3), whose port the system chooses.
 * `show` gets the address to open. Throws WEIR_FORBIDDEN when the issuer refuses or nobody logs in within five minutes.
 */
export async function loginByCode(
  configuration: oidc.Configuration,
  settings: LoginSettings,
  show: (url: URL) => void,
): Promise<Tokens> {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const server = await listen()
  try {
    const redirect = `http://127.0.0.1:${(server.address() as AddressInfo).port}${callbackPath}`
    const answered = waitForAnswer(server, redirect, state)
    show(
      oidc.buildAuthorizationUrl(configuration, {
        ...loginParameters(configuration, settings.audience),
        redirect_uri: redirect,
        state,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
    )
    const { url, reply } = await answered
    try {
      const tokens = await askIssuer(settings.issuer, () =>
        oidc.authorizationCodeGrant(configuration, url, { pkceCodeVerifier: verifier, expectedState: state }),
      )
      await reply('You are logged in. You can close this page and go back to the terminal.')
      return tokensOf(tokens)
    } catch (error) {
      await reply('The login did not work; the terminal says why.')
      throw error
    }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

type Callback = { readonly url: URL; readonly reply: (text: string) => Promise<void> }

/** The first request with our state. Any page can call a loopback address, so what else comes is turned away. */
function waitForAnswer(server: Server, redirect: string, state: string): Promise<Callback> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new WeirError('WEIR_FORBIDDEN', `Nobody logged in within ${patienceMs / 60_000} minutes; try again.`))
    }, patienceMs)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const url = new URL(request.url ?? '/', redirect)
      if (request.method !== 'GET' || url.pathname !== callbackPath || url.searchParams.get('state') !== state) {
        void sendPage(response, 404, 'This is not the answer to the login that is waiting here.')
        return
      }
      clearTimeout(timer)
      resolve({ url, reply: (text) => sendPage(response, 200, text) })
    })
  })
}

function sendPage(response: ServerResponse, status: number, text: string): Promise<void> {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  return new Promise((resolve) => {
    // The browser may be gone by now, which the login need not mind.
    response.once('close', resolve)
    response.end(`${text}\n`)
  })
}

function listen(): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}
