import { expect, test } from 'vitest'
import { handshakeAnswer, readCredential } from './sasl.ts'

const plain = (...parts: string[]) => readCredential('PLAIN', Buffer.from(parts.join('\0')))
const bearer = (text: string) => readCredential('OAUTHBEARER', Buffer.from(text))

test('PLAIN: the password is the credential, whatever the user name', () => {
  expect(plain('', 'alice', 'tok.en.x')).toEqual({ credential: 'tok.en.x' })
  expect(plain('alice', 'alice', 'tok.en.x')).toEqual({ credential: 'tok.en.x' })
})

test.each([
  ['two parts', ['alice', 'secret']],
  ['four parts', ['', 'alice', 'secret', 'more']],
  ['an empty password', ['', 'alice', '']],
  ['another authzid', ['bob', 'alice', 'secret']],
])('PLAIN with %s is refused with a reason', (_, parts) => {
  expect(plain(...parts)).toEqual({ problem: expect.stringMatching(/\w/) })
})

test('OAUTHBEARER: as Java and librdkafka send it', () => {
  expect(bearer('n,,\x01auth=Bearer aaa.bbb.ccc\x01\x01')).toEqual({ credential: 'aaa.bbb.ccc' })
  expect(bearer('n,,\x01auth=bearer aaa.bbb.ccc\x01traceId=7\x01\x01')).toEqual({ credential: 'aaa.bbb.ccc' })
  expect(bearer('n,,\x01traceId=7\x01auth=Bearer abc==\x01\x01')).toEqual({ credential: 'abc==' })
})

test.each([
  ['no final separator', 'n,,\x01auth=Bearer aaa\x01'],
  ['channel binding', 'y,,\x01auth=Bearer aaa\x01\x01'],
  ['no token', 'n,,\x01auth=Bearer \x01\x01'],
  ['another scheme', 'n,,\x01auth=Basic aaa\x01\x01'],
  ['no auth', 'n,,\x01traceId=7\x01\x01'],
  ['an authzid', 'n,a=bob,\x01auth=Bearer aaa\x01\x01'],
  ['nothing', ''],
])('OAUTHBEARER with %s is refused with a reason', (_, text) => {
  expect(bearer(text)).toEqual({ problem: expect.stringMatching(/\w/) })
})

test('an unknown mechanism is answered with 33 and the list', () => {
  expect(handshakeAnswer('GSSAPI')).toEqual({ errorCode: 33, mechanisms: ['PLAIN', 'OAUTHBEARER'] })
  expect(handshakeAnswer('PLAIN')).toEqual({ errorCode: 0, mechanisms: ['PLAIN', 'OAUTHBEARER'] })
})
