import { describe, expect, it } from 'vitest'
import { KafkaProtocolError } from '../protocol-error.ts'
import { openSnappy } from './snappy.ts'

describe('openSnappy', () => {
  const literal = (text: string): Buffer => Buffer.concat([Buffer.from([(text.length - 1) << 2]), Buffer.from(text)])

  it('opens literals and all three kinds of copy', () => {
    // "abcd", then 4 from 4 back (1-byte offset), 6 from 8 back (2-byte), 3 from 1 back (4-byte): overlapping.
    const block = Buffer.concat([
      Buffer.from([17]),
      literal('abcd'),
      Buffer.from([0b000_000_01, 4, (5 << 2) | 2, 8, 0, (2 << 2) | 3, 1, 0, 0, 0]),
    ])
    expect(openSnappy(block, 100).toString()).toBe('abcdabcdabcdabbbb')
    const long = 'x'.repeat(300)
    expect(
      openSnappy(Buffer.concat([Buffer.from([0xac, 0x02, 61 << 2, 0x2b, 0x01]), Buffer.from(long)]), 300).toString(),
    ).toBe(long)
    expect(openSnappy(Buffer.from([0]), 10)).toHaveLength(0)
  })

  it.each([
    ['no length', []],
    ['an endless length', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['fewer bytes than declared', [5, 0, 0x61]],
    ['more bytes than declared', [1, 4, 0x61, 0x62]],
    ['a literal that ends early', [5, 16, 0x61]],
    ['a copy from before the start', [8, 0, 0x61, 1, 2]],
    ['a copy from nowhere', [8, 0, 0x61, 1, 0]],
    ['a copy that ends early', [8, 0, 0x61, 2, 1]],
    ['more than the limit', [0x80, 0x08]],
    [
      'a stream block that does not fit',
      [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1],
    ],
    ['a stream that ends in a size', [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]],
  ])('refuses %s', (_, bytes) => {
    expect(() => openSnappy(Buffer.from(bytes), 1000)).toThrowError(KafkaProtocolError)
  })
})
