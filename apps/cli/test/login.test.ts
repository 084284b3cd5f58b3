import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { logInAs, startDevIssuer, startProcess } from '@weir/testing'
import type { DevIssuer, RunningProcess } from '@weir/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startStandIn } from './stand-in.ts'
import type { StandIn } from './stand-in.ts'
import { makeHome, weirBin } from './weir.ts'
import type { Home } from './weir.ts'

let issuer: DevIssuer
let controlPlane: StandIn
let home: Home

beforeAll(async () => {
  issuer = await startDevIssuer()
  controlPlane = await startStandIn()
})
afterAll(async () => {
  await controlPlane.stop()
  await issuer.stop()
})
beforeEach(() => {
  home = makeHome()
})
afterEach(() => home.remove())

const firstLogin = () => [
  'login',
  ...['--control-plane', controlPlane.url, '--issuer', issuer.issuer, '--client-id', 'weir-cli'],
]

const start = (...args: readonly string[]) =>
  startProcess(process.execPath, [weirBin, ...args], { cwd: home.path, env: home.env })

/** Plays the browser for a running login. */
async function visit(login: RunningProcess, person: string): Promise<Response | undefined> {
  const [, url] = await login.waitFor(/^ {2}(http\S+)$/m)
  const redirect = await logInAs(person, url!)
  return redirect.pathname === '/callback' ? fetch(redirect) : undefined
}

async function logIn(person = 'carol'): Promise<RunningProcess> {
  const login = await start(...firstLogin())
  await visit(login, person)
  expect(await login.exited).toMatchObject({ code: 0 })
  return login
}

const tokensPath = () => join(home.path, 'config', 'weir', 'tokens.json')
type StoredTokens = Record<string, { accessToken: string; refreshToken: string; expiresAtMs: number }>
const changeTokens = (pattern: RegExp, replacement: string) =>
  writeFileSync(tokensPath(), readFileSync(tokensPath(), 'utf8').replace(pattern, replacement))
const expireTokens = () => changeTokens(/("expiresAtMs": )\d+/, '$10')
const storedTokens = () => JSON.parse(readFileSync(tokensPath(), 'utf8')) as StoredTokens

describe('login', () => {
  test('with code and PKCE, and then every command is that person', async () => {
    const login = await start(...firstLogin())
    const page = await visit(login, 'carol')
    expect(await page?.text()).toContain('You are logged in.')
    expect(await login.exited).toMatchObject({ code: 0 })
    expect(login.stdout()).toContain(`Logged in at ${controlPlane.url}.\nsubject  carol\n`)

    const { code, stdout } = await home.weir('whoami', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ subject: 'carol' })
    expect(code).toBe(0)
  })

  test('tokens are readable by their owner alone, also where others were', async () => {
    await logIn()
    expect(statSync(tokensPath()).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(home.path, 'config', 'weir', 'config.json'), 'utf8')).not.toContain('oken')
    chmodSync(tokensPath(), 0o644)
    expireTokens()
    expect((await home.weir('whoami')).code).toBe(0)
    expect(statSync(tokensPath()).mode & 0o777).toBe(0o600)
  })

  test('with the device flow', async () => {
    const login = await start(...firstLogin(), '--device', '--json')
    await login.waitFor(/enter there, the code [A-Z-]+/)
    expect(await visit(login, 'erin')).toBeUndefined()
    expect(await login.exited).toMatchObject({ code: 0 })
    expect(JSON.parse(login.stdout())).toMatchObject({ subject: 'erin' })
  })

  test('a browser is tried, and its absence is no fault', async () => {
    home.env['BROWSER'] = '/nowhere/browser'
    expect((await logIn()).stdout()).toContain('carol')
    const script = home.write('browser', `#!/bin/sh\necho "$1" > ${home.path}/opened\n`)
    chmodSync(script, 0o755)
    home.env['BROWSER'] = script
    const login = await start('login')
    const [, printed] = await login.waitFor(/^ {2}(http\S+)$/m)
    await expect.poll(() => read('opened'), { timeout: 5_000 }).toBe(`${printed}\n`)
    await login.stop()
  })

  test('the second time, the addresses are known', async () => {
    await logIn('carol')
    const again = await start('login')
    await visit(again, 'erin')
    expect(await again.exited).toMatchObject({ code: 0 })
    expect((await home.weir('whoami')).stdout).toContain('erin')
  })

  test('an answer with another state is turned away, and the login waits on', async () => {
    const login = await start(...firstLogin())
    const [, url] = await login.waitFor(/^ {2}(http\S+)$/m)
    const redirect = new URL(new URL(url!).searchParams.get('redirect_uri')!)
    redirect.search = '?code=stolen&state=guessed'
    expect((await fetch(redirect)).status).toBe(404)
    expect(login.running).toBe(true)
    await visit(login, 'carol')
    expect(await login.exited).toMatchObject({ code: 0 })
  })

  test('what the issuer refuses is said, and is exit code 1', async () => {
    const login = await start(...firstLogin())
    const [, url] = await login.waitFor(/^ {2}(http\S+)$/m)
    const asked = new URL(url!).searchParams
    const redirect = new URL(asked.get('redirect_uri')!)
    redirect.search = String(
      new URLSearchParams({
        error: 'access_denied',
        error_description: 'not you',
        state: asked.get('state')!,
        iss: issuer.issuer,
      }),
    )
    expect(await (await fetch(redirect)).text()).toContain('did not work')
    expect(await login.exited).toMatchObject({ code: 1 })
    expect(login.stderr()).toContain(`The issuer ${issuer.issuer} refused the login: not you.`)
  })

  test('an issuer that is not there is exit code 3', async () => {
    const args = ['--control-plane', controlPlane.url, '--issuer', 'http://127.0.0.1:1', '--client-id', 'c']
    const { code, stderr } = await home.weir('login', ...args)
    expect(stderr).toContain('The issuer http://127.0.0.1:1 does not answer as it should: ')
    expect(code).toBe(3)
  })

  const read = (name: string) => {
    try {
      return readFileSync(join(home.path, name), 'utf8')
    } catch {
      return undefined
    }
  }
})

describe('the tokens of a login', () => {
  test('are refreshed, once for two commands at a time', async () => {
    await logIn()
    const before = storedTokens()[controlPlane.url]!
    expireTokens()
    controlPlane.tokens.clear()
    const [first, second] = await Promise.all([home.weir('whoami'), home.weir('whoami')])
    expect(first).toMatchObject({ code: 0 })
    expect(second).toMatchObject({ code: 0 })
    const after = storedTokens()[controlPlane.url]!
    expect(after.accessToken).not.toBe(before.accessToken)
    expect(after.refreshToken).not.toBe(before.refreshToken)
    expect([...controlPlane.tokens]).toEqual([`Bearer ${after.accessToken}`])
  })

  test('are refreshed when the control plane refuses them, and only then are they not used as they are', async () => {
    await logIn()
    const { accessToken } = storedTokens()[controlPlane.url]!
    expect((await home.weir('whoami')).code).toBe(0)
    expect(storedTokens()[controlPlane.url]).toMatchObject({ accessToken })
    changeTokens(/("accessToken": ")[^"]*/, '$1revoked')
    expect((await home.weir('whoami')).code).toBe(0)
    expect(storedTokens()[controlPlane.url]!.accessToken).not.toBe('revoked')
  })

  test('that cannot be refreshed ask for a new login', async () => {
    await logIn()
    expireTokens()
    changeTokens(/("refreshToken": ")[^"]*/, '$1spent')
    const { code, stderr } = await home.weir('whoami')
    expect(stderr).toBe(`weir: Your login has run out at ${controlPlane.url}. Log in with weir login.\n`)
    expect(code).toBe(3)
  })

  test('go to no other control plane', async () => {
    await logIn()
    const other = await startStandIn()
    const { code, stderr } = await home.weir('whoami', '--control-plane', other.url)
    expect(stderr).toBe(`weir: You are not logged in at ${other.url}. Log in with weir login.\n`)
    expect(code).toBe(3)
    expect(other.asked).toEqual([])
    await other.stop()
  })

  test('that cannot be read are named', async () => {
    await logIn()
    writeFileSync(tokensPath(), '[')
    const { code, stderr } = await home.weir('whoami')
    expect(stderr).toBe(`weir: ${tokensPath()} is not what weir login writes; remove it and log in again.\n`)
    expect(code).toBe(3)
  })

  test('are gone after logout', async () => {
    await logIn()
    const { code, stdout, stderr } = await home.weir('logout')
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `Logged out at ${controlPlane.url}.\n`, stderr: '' })
    expect(storedTokens()).toEqual({})
    expect((await home.weir('whoami')).code).toBe(3)
    expect((await home.weir('logout')).stdout).toBe('You were not logged in.\n')
  })
})

describe('logout at an issuer that revokes tokens', () => {
  const revoked: string[] = []
  let status = 200
  const server = createServer((request, response) => {
    const origin = `http://${request.headers.host}`
    response.setHeader('content-type', 'application/json')
    if (request.method === 'GET') {
      response.end(JSON.stringify({ issuer: origin, revocation_endpoint: `${origin}/revoke` }))
      return
    }
    request.on('data', (chunk: Buffer) => revoked.push(new URLSearchParams(chunk.toString()).get('token') ?? ''))
    request.on('end', () => response.writeHead(status).end(JSON.stringify(status === 200 ? {} : { error: 'broken' })))
  })
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => new Promise((resolve) => server.close(resolve)))
  beforeEach(() => {
    revoked.length = 0
    const weir = join(home.path, 'config', 'weir')
    mkdirSync(weir, { recursive: true })
    const url = 'https://weir.example'
    const login = { issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, clientId: 'c', audience: 'a' }
    writeFileSync(join(weir, 'config.json'), JSON.stringify({ controlPlane: url, logins: { [url]: login } }))
    writeFileSync(tokensPath(), JSON.stringify({ [url]: { accessToken: 'access', refreshToken: 'refresh' } }))
  })

  test('the refresh token is revoked', async () => {
    const { code, stderr } = await home.weir('logout')
    expect({ code, stderr, revoked }).toEqual({ code: 0, stderr: '', revoked: ['refresh'] })
  })

  test('the tokens are removed here also when that fails', async () => {
    status = 400
    const { code, stderr } = await home.weir('logout')
    expect(stderr).toContain('removed here, but could not be revoked')
    expect({ code, tokens: storedTokens() }).toEqual({ code: 0, tokens: {} })
  })
})
