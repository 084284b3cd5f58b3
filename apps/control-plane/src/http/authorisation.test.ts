import type { Route, RouteName } from '@weir/contracts'
import { routes } from '@weir/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestControlPlane } from '../../test/control-plane.ts'
import type { TestControlPlane } from '../../test/control-plane.ts'

const table = (Object.entries(routes) as [RouteName, Route][]).map(([name, { by }]) => ({ name, by }))
const groupOf = { evidence: 'auditors', policy: 'authors', keys: 'key-keepers', gateways: 'operators' } as const
const everyGroup = Object.values(groupOf)

let weir: TestControlPlane
beforeAll(async () => {
  weir = await startTestControlPlane()
})
afterAll(() => weir.stop())

/** Status and code of the answer; the input is empty, so whoever gets past the check meets another error or none. */
async function answerTo(route: RouteName, token?: string, headers?: Record<string, string>): Promise<[number, string]> {
  const params = { gatewayId: 'kafka-1', epoch: 'e', id: 'none' }
  const response = await weir.call(route, { token, params, headers: headers ?? {} })
  const { error } = response.json<{ error?: { code: string } }>()
  return [response.statusCode, error?.code ?? '']
}

const unauthenticated = [401, 'WEIR_UNAUTHENTICATED']
const forbidden = [403, 'WEIR_FORBIDDEN']

describe.each(table)('$name, for $by', ({ name, by }) => {
  test('refuses who proves nothing', async () => {
    expect(await answerTo(name)).toEqual(unauthenticated)
    expect(await answerTo(name, 'not-a-token')).toEqual(unauthenticated)
    expect(await answerTo(name, undefined, { authorization: 'Basic YTpi' })).toEqual(unauthenticated)
    expect(await answerTo(name, weir.token('alice', everyGroup, { aud: 'other' }))).toEqual(unauthenticated)
    expect(await answerTo(name, weir.token('alice', everyGroup, { exp: 1_000_000 }))).toEqual(unauthenticated)
    const [header, payload] = weir.token('alice', everyGroup).split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    expect(await answerTo(name, `${none}.${payload}.`)).toEqual(unauthenticated)
    expect(await answerTo(name, `${header}.${payload}.AAAA`)).toEqual(unauthenticated)
  })

  test('refuses who may not, and nobody else', async () => {
    const others = everyGroup.filter((group) => by === 'gateway' || by === 'person' || group !== groupOf[by as 'keys'])
    const person = await answerTo(name, weir.token('dave', by === 'gateway' ? everyGroup : others))
    const holder = await answerTo(name, weir.token('carol', everyGroup))
    const gateway = await answerTo(name, weir.token('kafka-gateway', everyGroup))
    const admitted = (answer: [number, string]) => answer[0] !== 401 && answer[1] !== 'WEIR_FORBIDDEN'
    expect(gateway).toSatisfy(by === 'gateway' ? admitted : () => gateway[1] === 'WEIR_FORBIDDEN')
    if (by === 'gateway') {
      expect([person, holder]).toEqual([forbidden, forbidden])
    } else {
      expect(holder).toSatisfy(admitted)
      expect(person).toSatisfy(by === 'person' ? admitted : () => person[1] === 'WEIR_FORBIDDEN')
    }
  })
})

test('the reason is told, and the header that RFC 6750 asks for is there', async () => {
  const response = await weir.call('whoami', { token: weir.token('alice', [], { exp: 1_000_000 }) })
  expect(response.headers['www-authenticate']).toBe('Bearer')
  expect(response.json()).toMatchObject({ error: { message: expect.stringContaining('WEIR_TOKEN_EXPIRED') } })
})

test('who acts for somebody has the rights that both have', async () => {
  const rightsOf = async (groups: string[], actorGroups: string[]) => {
    const token = weir.token('alice', groups, { act: { sub: 'agent', groups: actorGroups } })
    return (await weir.call('whoami', { token })).json<{ rights: string[] }>().rights
  }
  expect(await rightsOf(['auditors', 'authors'], ['auditors', 'operators'])).toEqual(['evidence'])
  expect(await rightsOf(['auditors'], [])).toEqual([])
  const token = weir.token('alice', everyGroup, { act: { sub: 'agent', groups: everyGroup } })
  expect((await weir.call('createKey', { token, body: { expiresInMs: 1_000 } })).statusCode).toBe(403)
  expect((await weir.call('applyPolicy', { token, body: { yaml: 'rules: []' } })).statusCode).toBe(403)
  const gateway = weir.token('kafka-gateway', [], { act: { sub: 'agent', groups: everyGroup } })
  expect((await weir.call('currentBundle', { token: gateway })).statusCode).toBe(403)
})

test('a group of one issuer is not that of another where the configuration names the issuer', async () => {
  const rights = { evidence: [{ group: 'auditors', issuer: 'https://other.example' }], policy: ['authors'] }
  const other = await startTestControlPlane({ rights })
  const response = await other.call('whoami', { token: other.token('carol', ['auditors', 'authors']) })
  expect(response.json()).toMatchObject({ subject: 'carol', rights: ['policy'] })
  await other.stop()
})

test('everybody may read what the API is', async () => {
  const response = await weir.http.inject('/openapi.json')
  expect(response.json()).toMatchObject({ openapi: '3.1.0' })
})

test('an issuer that is away is no fault of the token', async () => {
  const lonely = await startTestControlPlane()
  lonely.issuer.stop()
  const response = await lonely.call('whoami', { token: lonely.token('alice') })
  expect([response.statusCode, response.json()]).toMatchObject([503, { error: { code: 'WEIR_ISSUER_UNAVAILABLE' } }])
  await lonely.stop()
})
