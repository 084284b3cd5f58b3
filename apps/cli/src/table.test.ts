import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fields, printable, table } from './table.ts'

test('columns are aligned, and what is missing is a dash', () => {
  const rows = [
    { name: 'a', count: 10 },
    { name: 'longer', count: undefined },
  ]
  const text = table(rows, { name: ({ name }) => name, 'how many': ({ count }) => count }, (heading) => `*${heading}*`)
  expect(text).toBe('*NAME    HOW MANY*\na       10\nlonger  -')
})

test('fields leave out what is not there', () => {
  expect(fields({ a: 1, longer: 'x', none: undefined, empty: '' })).toBe('a       1\nlonger  x')
})

test('no text from elsewhere moves the cursor, starts a line or turns the direction of writing', () => {
  expect(printable('a\u001b[2J\nb\u202ec\u0085')).toBe('a\\u{1b}[2J\\u{a}b\\u{202e}c\\u{85}')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const [heading, ...rows] = table([text], { text: (row) => row }, (name) => name).split('\n')
      expect(heading).toBe('TEXT')
      expect(rows).toHaveLength(1)
      expect(rows[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }),
  )
})
