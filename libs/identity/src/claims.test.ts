import fc from 'fast-check'
import { expect, it } from 'vitest'
import { principalOf } from './claims.ts'

const settings = { issuer: 'https://issuer.example', groupsClaim: 'realm.groups', fallbackId: 'f' }

/** Claims that are mostly right, so that generated values reach every reader. */
const claims = fc.record(
  {
    sub: fc.oneof({ weight: 9, arbitrary: fc.constant('alice') }, fc.jsonValue()),
    exp: fc.oneof({ weight: 9, arbitrary: fc.constant(1_800_000_000) }, fc.jsonValue()),
    realm: fc.oneof(
      fc.record({ groups: fc.oneof(fc.array(fc.string({ minLength: 1 })), fc.jsonValue()) }),
      fc.jsonValue(),
    ),
    act: fc.oneof(
      fc.record({ sub: fc.string({ minLength: 1 }), act: fc.jsonValue() }, { requiredKeys: ['sub'] }),
      fc.jsonValue(),
    ),
    name: fc.jsonValue(),
    jti: fc.jsonValue(),
    _claim_names: fc.jsonValue(),
    _claim_sources: fc.jsonValue(),
  },
  { requiredKeys: ['sub', 'exp'] },
)

it('gives a well-formed principal or a refusal with a known code, whatever the claims are', () => {
  const seen = { principals: 0, refusals: 0 }
  fc.assert(
    fc.property(claims, (generated) => {
      // Through JSON, as in a token: only there can an own property be called `__proto__`.
      const result = principalOf(JSON.parse(JSON.stringify(generated)), settings)
      if ('refused' in result) {
        seen.refusals++
        expect(['WEIR_TOKEN_CLAIMS', 'WEIR_GROUPS_OVERAGE']).toContain(result.code)
        return
      }
      seen.principals++
      expect(result.subject).toMatch(/^[^]+$/)
      expect(new Date(result.expiresAtMs).getTime()).toBe(result.expiresAtMs)
      expect(result.actors.length).toBeLessThanOrEqual(3)
      for (const { groups } of [result, ...result.actors]) {
        expect(groups.every((group) => typeof group === 'string' && group !== '')).toBe(true)
      }
    }),
    { numRuns: 3000 },
  )
  expect(seen.principals).toBeGreaterThan(100)
  expect(seen.refusals).toBeGreaterThan(100)
})
