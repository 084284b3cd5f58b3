import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c } from './crc32c.ts'

describe('crc32c', () => {
  it.each([
    ['nothing', Buffer.alloc(0), 0],
    ['the check value', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros (RFC 3720 B.4)', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['rising bytes', Buffer.from(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
    ['falling bytes', Buffer.from(Uint8Array.from({ length: 32 }, (_, index) => 31 - index)), 0x113fdb5c],
  ])('of %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  it('is the same wherever the bytes lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(9), (bytes, before) => {
        const shifted = Buffer.concat([Buffer.alloc(before, 7), bytes, Buffer.alloc(3, 9)])
        expect(crc32c(shifted, before, before + bytes.length)).toBe(crc32c(bytes))
      }),
    )
  })
})
