import { expect, test } from 'vitest'
import { bundleSchema } from './bundle.ts'

const scram = { salt: 'c2FsdA==', iterations: 4096, storedKey: 'a2V5', serverKey: 'a2V5' }
const key = {
  id: 'key_1',
  issuer: 'https://issuer.example',
  subject: 'bob',
  groups: ['analysts'],
  expiresAtMs: 1,
  scramSha256: scram,
  scramSha512: scram,
}
const bundle = {
  version: 1,
  revision: 7,
  issuedAtMs: 1,
  policy: { revision: '0123456789abcdef', yaml: 'rules: []' },
  keys: [key],
}

test('a bundle is read; what a later version adds is ignored', () => {
  expect(bundleSchema.parse({ ...bundle, grants: [], keys: [{ ...key, scopes: [] }] })).toEqual(bundle)
})

test.each([
  ['another version', { ...bundle, version: 2 }],
  ['no policy', { ...bundle, policy: undefined }],
  ['a negative revision', { ...bundle, revision: -1 }],
  ['a key without groups', { ...bundle, keys: [{ ...key, groups: undefined }] }],
  // RFC 7677 §4: at least 4096.
  ['too few iterations', { ...bundle, keys: [{ ...key, scramSha256: { ...scram, iterations: 1 } }] }],
])('a bundle with %s is refused', (_, wrong) => {
  expect(bundleSchema.safeParse(wrong).success).toBe(false)
})
