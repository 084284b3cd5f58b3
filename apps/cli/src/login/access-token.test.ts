import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@weir/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { accessToken } from './access-token.ts'
import { LoginStore } from './login-store.ts'

const controlPlane = 'https://weir.example'
let folder: ReturnType<typeof temporaryFolder>
let store: LoginStore

beforeEach(() => {
  folder = temporaryFolder()
  store = new LoginStore({ XDG_CONFIG_HOME: folder.path })
  store.saveTokens(controlPlane, { accessToken: 'old', refreshToken: 'once', expiresAtMs: 0 })
})
afterEach(() => folder.remove())

// Nothing listens at the issuer: a request to it would fail the test.
const saveSettings = () =>
  store.saveSettings(controlPlane, { issuer: 'http://127.0.0.1:1', clientId: 'c', audience: 'a' })

test('what another command got meanwhile is taken, and nothing is asked', async () => {
  saveSettings()
  const lock = join(store.folder, 'tokens.lock')
  writeFileSync(lock, '')
  const waiting = accessToken(store, controlPlane)
  store.saveTokens(controlPlane, { accessToken: 'new', expiresAtMs: Date.now() + 3_600_000 })
  rmSync(lock)
  expect(await waiting).toBe('new')
})

test('the lock of a command that was killed does not hold for ever', async () => {
  const lock = join(store.folder, 'tokens.lock')
  writeFileSync(lock, '')
  utimesSync(lock, new Date(0), new Date(0))
  store.saveTokens(controlPlane, { accessToken: 'old', expiresAtMs: 0 })
  await expect(accessToken(store, controlPlane)).rejects.toMatchObject({
    code: 'WEIR_UNAUTHENTICATED',
    message: `Your login has run out at ${controlPlane}. Log in with weir login.`,
  })
})

test('an issuer that is not there is not a login that has run out', async () => {
  saveSettings()
  await expect(accessToken(store, controlPlane)).rejects.toMatchObject({ code: 'WEIR_ISSUER_UNAVAILABLE' })
  expect(store.tokens(controlPlane)).toMatchObject({ refreshToken: 'once' })
})

test('a token that the control plane refuses is sent again when there is no other: it then says why', async () => {
  store.saveTokens(controlPlane, { accessToken: 'current' })
  expect(await accessToken(store, controlPlane, { fresh: true })).toBe('current')
})
