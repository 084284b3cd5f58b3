import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { saltedPassword, scramVerifier, serverKey, serverSignature, storedKey, clientProof } from './scram.ts'
import type { ScramMechanism } from './scram.ts'
import { scramClient } from './scram-client.ts'
import { mintKey } from './weir-key.ts'

/** RFC 7677 §3; the SHA-512 exchange has no RFC, its values were computed with Python's hashlib from RFC 5802 §3. */
const vectors = [
  {
    mechanism: 'SCRAM-SHA-256' as const,
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    clientFinal:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
  {
    mechanism: 'SCRAM-SHA-512' as const,
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    clientFinal:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==',
    serverFinal: 'v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==',
  },
]

describe.each(vectors)('$mechanism', (vector) => {
  const client = () => scramClient(vector.mechanism, 'user', 'pencil', vector.nonce)

  it('makes the messages of the vector and accepts the server', () => {
    const machine = client()
    expect(machine.clientFirst()).toBe(vector.clientFirst)
    expect(machine.clientFinal(vector.serverFirst)).toBe(vector.clientFinal)
    expect(() => machine.verifyServerFinal(vector.serverFinal)).not.toThrow()
  })

  it.each([
    ['another signature', `v=${Buffer.alloc(32).toString('base64')}`],
    ['a short signature', 'v=AAAA'],
    ['no signature', ''],
    ['padding that hides bytes', `${vector.serverFinal}=`],
    ['an error', 'e=invalid-proof'],
  ])('does not trust a server that ends with %s', (_, serverFinal) => {
    const machine = client()
    machine.clientFinal(vector.serverFirst)
    expect(() => machine.verifyServerFinal(serverFinal)).toThrow(
      expect.objectContaining({ code: 'WEIR_UPSTREAM_AUTHENTICATION' }),
    )
  })
})

describe('server-first', () => {
  const first = (message: string) => () => scramClient('SCRAM-SHA-256', 'user', 'pencil', 'abc').clientFinal(message)

  it.each([
    ['a nonce of its own', 'r=xyz,s=AAAA,i=4096', 'nonce'],
    ['only our nonce', 'r=abc,s=AAAA,i=4096', 'nonce'],
    ['too few iterations', 'r=abcd,s=AAAA,i=4095', '4095 iterations'],
    ['too many iterations', 'r=abcd,s=AAAA,i=1000001', '1000001 iterations'],
    ['no salt', 'r=abcd,s=,i=4096', 'well formed'],
    ['a salt that is not base64', 'r=abcd,s=A=A=,i=4096', 'well formed'],
    ['a number that is none', 'r=abcd,s=AAAA,i=4e3', 'well formed'],
    ['a mandatory extension', 'm=x,r=abcd,s=AAAA,i=4096', 'extension'],
    ['nothing', '', 'well formed'],
  ])('is refused with %s', (_, message, words) => {
    expect(first(message)).toThrow(
      expect.objectContaining({ code: 'WEIR_UPSTREAM_AUTHENTICATION', message: expect.stringContaining(words) }),
    )
  })

  it('may carry optional extensions', () => {
    expect(first('r=abcd,s=AAAA,i=4096,x=1')()).toMatch(/^c=biws,r=abcd,p=/)
  })
})

it('escapes what would end an attribute of the user name', () => {
  expect(scramClient('SCRAM-SHA-256', 'a=b,c', 'x', 'n').clientFirst()).toBe('n,,n=a=3Db=2Cc,r=n')
})

it('never repeats a nonce', () => {
  const firsts = Array.from({ length: 50 }, () => scramClient('SCRAM-SHA-256', 'u', 'p').clientFirst())
  expect(new Set(firsts).size).toBe(50)
})

it('refuses calls out of order', () => {
  expect(() => scramClient('SCRAM-SHA-256', 'u', 'p').verifyServerFinal('v=AAAA')).toThrow(TypeError)
})

/** RFC 5802 §3, the server's side: recovers ClientKey from the proof and compares its hash with the stored key. */
function serverAccepts(mechanism: ScramMechanism, password: string, presented: string): boolean {
  const verifier = scramVerifier(mechanism, password, 4096)
  const salt = Buffer.from(verifier.salt, 'base64')
  const server = saltedPassword(mechanism, password, salt, verifier.iterations)
  const machine = scramClient(mechanism, 'user', presented, 'abc')
  const serverFirst = `r=abcdef,s=${verifier.salt},i=${verifier.iterations}`
  const final = machine.clientFinal(serverFirst)
  const authMessage = `n=user,r=abc,${serverFirst},c=biws,r=abcdef`
  const expected = clientProof(mechanism, server, authMessage).toString('base64')
  expect(verifier.storedKey).toBe(storedKey(mechanism, server).toString('base64'))
  expect(verifier.serverKey).toBe(serverKey(mechanism, server).toString('base64'))
  if (presented === password) {
    machine.verifyServerFinal(`v=${serverSignature(mechanism, server, authMessage).toString('base64')}`)
  }
  return final.endsWith(`,p=${expected}`)
}

it('client and stored verifier agree exactly on equal passwords', () => {
  const mechanism = fc.constantFrom<ScramMechanism>('SCRAM-SHA-256', 'SCRAM-SHA-512')
  fc.assert(
    fc.property(mechanism, fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, password, other) => {
      expect(serverAccepts(name, password, password)).toBe(true)
      fc.pre(password !== other)
      expect(serverAccepts(name, password, other)).toBe(false)
    }),
    { numRuns: 25 },
  )
})

describe('a minted key', () => {
  it('is its own SCRAM password and never the same twice', () => {
    const [one, two] = [mintKey(), mintKey()]
    expect(one.secret).toMatch(new RegExp(`^weir_${one.id}_[A-Za-z0-9_-]{43}$`))
    expect(one.secret).not.toBe(two.secret)
    for (const [mechanism, verifier] of [
      ['SCRAM-SHA-256', one.scramSha256],
      ['SCRAM-SHA-512', one.scramSha512],
    ] as const) {
      const salted = saltedPassword(mechanism, one.secret, Buffer.from(verifier.salt, 'base64'), verifier.iterations)
      expect(verifier.storedKey).toBe(storedKey(mechanism, salted).toString('base64'))
    }
  })
})
