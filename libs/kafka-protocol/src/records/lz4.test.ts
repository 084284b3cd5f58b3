import { describe, expect, it } from 'vitest'
import { KafkaProtocolError } from '../protocol-error.ts'
import { openLz4 } from './lz4.ts'

describe('openLz4', () => {
  const frame = (flags: number, blocks: number[]): Buffer =>
    Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40, 0x00, ...blocks])
  const raw = [0x03, 0, 0, 0x80, 0x61, 0x62, 0x63]
  // Two literals, a match of 3 + 4 + 15 from 2 back, then one literal.
  const matched = [0x08, 0, 0, 0, 0x2f, 0x61, 0x62, 0x02, 0x00, 0x03, 0x10, 0x7a]
  const endMark = [0, 0, 0, 0]

  it('opens stored and compressed blocks', () => {
    expect(openLz4(frame(0x60, [...raw, ...matched, ...endMark]), 100).toString()).toBe(`abc${'ab'.repeat(12)}z`)
  })

  it('steps over checksums and the content size', () => {
    const checked = [...raw, 1, 2, 3, 4, ...endMark, 5, 6, 7, 8]
    expect(openLz4(frame(0x74, checked), 100).toString()).toBe('abc')
    const sized = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x68, 0x40, 3, 0, 0, 0, 0, 0, 0, 0, 0x00, ...raw, ...endMark])
    expect(openLz4(sized, 100).toString()).toBe('abc')
  })

  it('lets a block reach back only where the frame says so', () => {
    // One literal, then four from four back: into the block before.
    const reaching = [...raw, 0x04, 0, 0, 0, 0x10, 0x64, 0x04, 0x00, ...endMark]
    expect(openLz4(frame(0x40, reaching), 100).toString()).toBe('abcdabcd')
    expect(() => openLz4(frame(0x60, reaching), 100)).toThrowError(/before its start/)
  })

  it.each([
    ['another magic number', Buffer.from([1, 2, 3, 4, 0x60, 0x40, 0, 0, 0, 0, 0])],
    ['another version', frame(0xa0, endMark)],
    ['a dictionary', frame(0x61, endMark)],
    ['no end mark', frame(0x60, raw)],
    ['bytes after the end mark', frame(0x60, [...endMark, 1])],
    ['a block that ends early', frame(0x60, [9, 0, 0, 0, 0x10, 0x61])],
    ['a match from nowhere', frame(0x60, [5, 0, 0, 0, 0x10, 0x61, 0, 0, 0x10, ...endMark])],
    ['a length that never ends', frame(0x60, [3, 0, 0, 0, 0xf0, 0xff, 0xff, ...endMark])],
    ['literals that end early', frame(0x60, [2, 0, 0, 0, 0x30, 0x61, ...endMark])],
    ['a match that ends early', frame(0x60, [3, 0, 0, 0, 0x10, 0x61, 1, ...endMark])],
  ])('refuses %s', (_, bytes) => {
    expect(() => openLz4(bytes, 1000)).toThrowError(KafkaProtocolError)
  })

  it('opens no further than allowed, and no block beyond its own size', () => {
    // A match of 19 + 255 n bytes from one back.
    const bomb = [0x1f, 0x61, 0x01, 0x00, ...Array<number>(2_000).fill(0xff), 0]
    const size = [bomb.length & 0xff, bomb.length >> 8, 0, 0]
    expect(() => openLz4(frame(0x60, [...size, ...bomb, ...endMark]), 100_000)).toThrowError(/100000/)
    expect(() => openLz4(frame(0x60, [...size, ...bomb, ...endMark]), 1_000_000)).toThrowError(/above its own limit/)
  })
})
