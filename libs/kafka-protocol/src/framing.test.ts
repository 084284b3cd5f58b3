import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameAssembler } from './framing.ts'
import type { Frame } from './framing.ts'
import { KafkaProtocolError } from './protocol-error.ts'
import { SlabPool } from './slabs.ts'

const mebibyte = 1024 * 1024

function frameOf(body: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + body.length)
  frame.writeInt32BE(body.length)
  frame.set(body, 4)
  return frame
}

function patterned(bytes: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + seed * 7) & 0xff))
}

function poisonedPool(): SlabPool {
  return new SlabPool({ poison: true })
}

/** Feeds `stream` in pieces as a socket would: each read lands in the target, as much as fits. */
function feed(assembler: FrameAssembler, stream: Buffer, pieces: Iterable<number>, take: (frame: Frame) => void): void {
  let position = 0
  for (const piece of pieces) {
    const target = assembler.readTarget()
    const landed = stream.copy(target, 0, position, Math.min(position + piece, stream.length))
    assembler.advance(landed)
    position += landed
    for (let frame = assembler.next(); frame !== undefined; frame = assembler.next()) take(frame)
    if (position === stream.length) return
  }
}

function* endless(pieces: readonly number[]): Generator<number> {
  for (;;) yield* pieces
}

function assembled(pool = poisonedPool(), maxFrameBytes = 100 * mebibyte): FrameAssembler {
  return new FrameAssembler({ pool, maxFrameBytes })
}

const bodies = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 600_000 }) },
  ),
  { minLength: 1, maxLength: 30 },
)
const piecesOf = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 20 })

describe('FrameAssembler', () => {
  it('yields the same frames for any chunking, whenever they are released', () => {
    fc.assert(
      fc.property(bodies, piecesOf, fc.infiniteStream(fc.nat(6)), (sizes, pieces, delays) => {
        const frames = sizes.map((size, index) => frameOf(patterned(size, index)))
        const pool = poisonedPool()
        const assembler = assembled(pool)
        const held: { frame: Frame; index: number; until: number }[] = []
        let seen = 0
        const releaseUpTo = (time: number): void => {
          for (const each of held.filter(({ until }) => until <= time)) {
            // Compared at the last moment: a slab used again too early would show.
            expect(each.frame.bytes.equals(frames[each.index]!)).toBe(true)
            each.frame.release()
            held.splice(held.indexOf(each), 1)
          }
        }
        feed(assembler, Buffer.concat(frames), endless(pieces), (frame) => {
          held.push({ frame, index: seen, until: seen + (delays.next().value ?? 0) })
          releaseUpTo(seen)
          seen += 1
          // One slab for each held frame at most, and the one that is read into.
          const largestSlab = 2 * Math.max(mebibyte, ...sizes)
          expect(assembler.retainedBytes()).toBeLessThanOrEqual((held.length + 1) * largestSlab)
        })
        releaseUpTo(Infinity)
        expect(seen).toBe(frames.length)
        expect(assembler.next()).toBeUndefined()
        assembler.close()
        expect(assembler.retainedBytes()).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('is indifferent to where the stream is split', () => {
    const frames = [
      frameOf(Buffer.alloc(0)),
      frameOf(patterned(1, 1)),
      frameOf(patterned(90, 2)),
      frameOf(patterned(33, 3)),
    ]
    const stream = Buffer.concat(frames)
    for (let split = 1; split < stream.length; split += 1) {
      const out: Buffer[] = []
      feed(assembled(), stream, [split, stream.length], (frame) => {
        out.push(Buffer.from(frame.bytes))
        frame.release()
      })
      expect(out).toEqual(frames)
    }
  })

  it('takes chunks that came in other memory', () => {
    const frames = [frameOf(patterned(70_000, 1)), frameOf(patterned(10, 2))]
    const assembler = assembled()
    assembler.write(Buffer.concat(frames))
    expect(assembler.next()?.bytes.equals(frames[0]!)).toBe(true)
    expect(assembler.next()?.bytes.equals(frames[1]!)).toBe(true)
    expect(assembler.next()).toBeUndefined()
  })

  it('overwrites released bytes when it shall show a use after release, and only these', () => {
    const assembler = assembled()
    assembler.write(Buffer.concat([frameOf(Buffer.from('first')), frameOf(Buffer.from('second'))]))
    const first = assembler.next()!
    const second = assembler.next()!
    first.release()
    first.release()
    expect([...first.bytes].every((byte) => byte === 0xdd)).toBe(true)
    expect(second.bytes.toString('latin1', 4)).toBe('second')
  })

  it('hands a slab to another stream only when its last frame was released and the assembler has left it', () => {
    const pool = poisonedPool()
    const one = assembled(pool)
    one.write(Buffer.concat([frameOf(patterned(8_000, 1)), frameOf(patterned(7_000, 2))]))
    const [first, second] = [one.next()!, one.next()!]
    one.readTarget() // The rest of 16 KiB is not worth a read: it moves to a second slab.
    expect(one.retainedBytes()).toBe(2 * 16_384)
    first.release()
    expect(pool.pooledBytes).toBe(0)
    second.release()
    expect(pool.pooledBytes).toBe(16_384)
    expect(one.retainedBytes()).toBe(16_384)
    const other = assembled(pool)
    expect(pool.pooledBytes).toBe(0)
    expect(other.readTarget().buffer).toBe(first.bytes.buffer)
  })

  it('reads into the same memory again and again while frames are released at once', () => {
    const assembler = assembled()
    const memory = assembler.readTarget().buffer
    for (let round = 0; round < 100; round += 1) {
      assembler.write(frameOf(patterned(3_000, round)))
      assembler.next()!.release()
      expect(assembler.readTarget().buffer).toBe(memory)
    }
  })

  it('grows with reads that fill it and shrinks with small ones', () => {
    const assembler = assembled()
    const large = Buffer.concat(Array.from({ length: 1_000 }, (_, index) => frameOf(patterned(1_000, index))))
    feed(assembler, large, endless([mebibyte]), (frame) => frame.release())
    expect(assembler.readTarget().length).toBe(256 * 1024)
    feed(assembler, large.subarray(0, 1_004 * 40), endless([1_004]), (frame) => frame.release())
    expect(assembler.readTarget().length).toBe(16 * 1024)
  })

  it('takes memory for a client no faster than its bytes arrive, and for an upstream at once', () => {
    const announced = Buffer.alloc(4)
    announced.writeInt32BE(90 * mebibyte)
    const client = assembled()
    client.write(announced)
    client.next()
    client.readTarget()
    expect(client.retainedBytes()).toBe(mebibyte)
    client.write(Buffer.alloc(3 * mebibyte))
    client.next()
    client.readTarget()
    expect(client.retainedBytes()).toBe(4 * mebibyte)
    const upstream = new FrameAssembler({ pool: poisonedPool(), maxFrameBytes: 100 * mebibyte, eagerBytes: Infinity })
    upstream.write(announced)
    upstream.next()
    expect(upstream.readTarget().length).toBe(90 * mebibyte)
  })

  it('never pools huge slabs, nor more than the limit', () => {
    const pool = new SlabPool({ maxPooledBytes: 2 * mebibyte })
    const assembler = new FrameAssembler({ pool, maxFrameBytes: 100 * mebibyte, eagerBytes: Infinity })
    for (const size of [20 * mebibyte, 5 * mebibyte, mebibyte, mebibyte, mebibyte]) {
      assembler.write(frameOf(Buffer.alloc(size)))
      const frame = assembler.next()!
      expect(frame.bytes.length).toBe(4 + size)
      frame.release()
    }
    assembler.close()
    expect(pool.pooledBytes).toBeLessThanOrEqual(2 * mebibyte)
    expect(assembler.retainedBytes()).toBe(0)
  })

  it.each([
    ['a negative size', Buffer.from([0xff, 0xff, 0xff, 0xff]), /negative/],
    ['a size above the limit', Buffer.from([0x00, 0x01, 0x00, 0x01]), /65537 bytes.*65536\.$/],
    ['a TLS greeting', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]), /TLS/],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n'), /HTTP/],
  ])('refuses %s', (_, bytes, message) => {
    const assembler = assembled(poisonedPool(), 65_536)
    assembler.write(bytes)
    const failure = (): unknown => assembler.next()
    expect(failure).toThrowError(KafkaProtocolError)
    expect(failure).toThrowError(message)
  })

  it('applies a changed limit to the next size field', () => {
    const assembler = assembled(poisonedPool(), 10)
    assembler.write(frameOf(Buffer.alloc(10)))
    expect(assembler.next()).toBeDefined()
    assembler.maxFrameBytes = 11
    assembler.write(frameOf(Buffer.alloc(11)))
    expect(assembler.next()).toBeDefined()
    assembler.write(frameOf(Buffer.alloc(12)))
    expect(() => assembler.next()).toThrowError(/limit of 11/)
  })

  it('gives nothing to read into after it was closed', () => {
    const assembler = assembled()
    assembler.write(frameOf(Buffer.from('x')))
    assembler.close()
    assembler.close()
    expect(assembler.readTarget()).toHaveLength(0)
    expect(assembler.next()).toBeUndefined()
    assembler.write(Buffer.from('late'))
    expect(assembler.retainedBytes()).toBe(0)
  })

  it('refuses to be told of more bytes than it asked for', () => {
    const assembler = assembled()
    const target = assembler.readTarget()
    expect(() => assembler.advance(target.length + 1)).toThrowError(RangeError)
  })
})
