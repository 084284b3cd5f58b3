import { systemClock } from '@weir/kernel'
import { expect, test } from 'vitest'
import { createAuthenticator } from './authenticator.ts'
import { issuerSchema, issuersOf } from './issuer-settings.ts'

const least = { issuer: 'https://issuer.example', audiences: ['weir'] }

test('an issuer needs its name and an audience; the rest has safe defaults', () => {
  expect(issuersOf([issuerSchema.parse(least)])).toEqual([
    {
      ...least,
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      groupsClaim: 'groups',
      clockToleranceMs: 30_000,
    },
  ])
})

test('all of it can be set, and the authenticator takes it', () => {
  const written = {
    ...least,
    algorithms: ['ES384'],
    groupsClaim: 'realm_access.roles',
    clockTolerance: '5s',
    jwksUri: 'https://issuer.example/keys',
    requireType: 'at+jwt',
  }
  const issuers = issuersOf([issuerSchema.parse(written)])
  const { clockTolerance: _, ...rest } = written
  expect(issuers).toEqual([{ ...rest, clockToleranceMs: 5_000 }])
  expect(() => createAuthenticator({ issuers, keys: () => undefined, clock: systemClock })).not.toThrow()
})

test.each([
  ['no audience', { ...least, audiences: [] }],
  ['no algorithm', { ...least, algorithms: [] }],
  ['a name that is no address', { ...least, issuer: 'issuer' }],
  ['another type of token', { ...least, requireType: 'JWT' }],
  ['a key that is not known', { ...least, audience: 'weir' }],
])('an issuer with %s is refused', (_, wrong) => {
  expect(issuerSchema.safeParse(wrong).success).toBe(false)
})
