import type { Bundle, SignedBundle } from '@weir/contracts'
import { createAuthenticator } from '@weir/identity'
import { systemClock } from '@weir/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestControlPlane } from '../../test/control-plane.ts'
import type { TestControlPlane } from '../../test/control-plane.ts'

type NewKey = { id: string; secret: string; subject: string; groups: string[]; expiresAt: string }

let weir: TestControlPlane
let alice: string
let keeper: string
beforeAll(async () => {
  weir = await startTestControlPlane()
  alice = weir.token('alice', ['payments'], { preferred_username: 'alice.a' })
  keeper = weir.token('kim', ['key-keepers'])
})
afterAll(() => weir.stop())

const create = (token: string, body: object) =>
  weir.call('createKey', { token, body: { expiresInMs: 60_000, ...body } })
const bundle = async (): Promise<Bundle> => {
  const response = await weir.call('currentBundle', { token: weir.token('kafka-gateway') })
  return JSON.parse(Buffer.from(response.json<SignedBundle>().payload, 'base64url').toString()) as Bundle
}

test('a key proves its owner at a gateway that has the bundle, until it is revoked', async () => {
  const made = (await create(alice, { description: 'batch job' })).json<NewKey>()
  expect(made).toMatchObject({ subject: 'alice', groups: ['payments'], secret: expect.stringMatching(/^weir_key_/) })
  const verify = async () => {
    const { keys } = await bundle()
    const known = (id: string) => keys.find((key) => key.id === id)
    return createAuthenticator({ issuers: [], keys: known, clock: systemClock }).verify(made.secret)
  }
  expect(await verify()).toMatchObject({ subject: 'alice', issuer: weir.issuer.url, method: 'weir-key' })
  const { revision } = await bundle()
  expect((await weir.call('revokeKey', { token: alice, params: { id: made.id } })).json()).toHaveProperty('revokedAt')
  expect((await bundle()).revision).toBe(revision + 1)
  expect(await verify()).toMatchObject({ refused: true, code: 'WEIR_KEY_UNKNOWN' })
})

test('the secret is shown once: neither listed nor logged nor in the bundle', async () => {
  const { id, secret } = (await create(alice, {})).json<NewKey>()
  const listed = await weir.call('keys', { token: alice })
  expect(listed.json<{ keys: { id: string }[] }>().keys.map((key) => key.id)).toContain(id)
  const random = secret.slice(-43)
  expect(listed.body).not.toContain(random)
  expect(listed.body).not.toContain('scram')
  expect(weir.log() + JSON.stringify(await bundle())).not.toContain(random)
})

test('a key does not prove anybody at the control plane', async () => {
  const { secret } = (await create(alice, {})).json<NewKey>()
  expect((await weir.call('whoami', { token: secret })).statusCode).toBe(401)
})

describe('without the right `keys`', () => {
  test.each([
    ['for another', { subject: 'bob' }, 403],
    ['for one of the same name elsewhere', { issuer: 'https://other.example' }, 403],
    ['with a group that one has not', { groups: ['payments', 'admins'] }, 403],
    ['with fewer groups', { groups: [] }, 200],
    ['for longer than a year', { expiresInMs: 366 * 86_400_000 }, 400],
    ['without an end', { expiresInMs: undefined }, 400],
  ])('a key %s is answered as it must be: %j', async (_what, body, status) => {
    expect((await create(alice, body)).statusCode).toBe(status)
  })

  test('the keys of others are neither seen nor revoked', async () => {
    const { id } = (await create(keeper, { subject: 'bob', groups: ['analysts'] })).json<NewKey>()
    expect((await weir.call('keys', { token: alice })).body).not.toContain(id)
    const other = await weir.call('revokeKey', { token: alice, params: { id } })
    expect([other.statusCode, other.json()]).toMatchObject([404, { error: { code: 'WEIR_NOT_FOUND' } }])
    expect((await weir.call('keys', { token: keeper })).body).toContain(id)
    expect((await weir.call('revokeKey', { token: keeper, params: { id } })).statusCode).toBe(200)
  })
})
