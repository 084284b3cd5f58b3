import fc from 'fast-check'
import { expect, test } from 'vitest'
import { principalKey, protocols, resource } from './words.ts'

const party = fc.record({ issuer: fc.string({ unit: 'binary' }), subject: fc.string({ unit: 'binary' }) })

test('two principals have the same key only if issuer and subject are the same', () => {
  fc.assert(
    fc.property(party, party, (one, other) => {
      const same = one.issuer === other.issuer && one.subject === other.subject
      expect(principalKey(one) === principalKey(other)).toBe(same)
    }),
  )
})

test('a text cut elsewhere into issuer and subject has another key', () => {
  // Digits and colons are what the key itself is made of.
  const text = fc.string({ unit: fc.constantFrom('0', '1', '2', ':', 'a'), minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(text, fc.nat(), fc.nat(), (whole, here, there) => {
      const cut = (at: number) => ({
        issuer: whole.slice(0, at % (whole.length + 1)),
        subject: whole.slice(at % (whole.length + 1)),
      })
      const [one, other] = [cut(here), cut(there)]
      expect(principalKey(one) === principalKey(other)).toBe(one.issuer === other.issuer)
    }),
  )
})

test('the name of a resource is taken as it is, colons and all', () => {
  fc.assert(
    fc.property(fc.constantFrom(...protocols), fc.string({ unit: 'binary' }), (protocol, name) => {
      const made = resource(protocol, 'topic', name)
      expect(made.split(':').slice(2).join(':')).toBe(name)
      expect(made.startsWith(`${protocol}:topic:`)).toBe(true)
    }),
  )
  expect(resource('kafka', 'group', 'a:b::c')).toBe('kafka:group:a:b::c')
})
