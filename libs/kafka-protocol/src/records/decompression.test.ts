import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { vector, vectorNames } from '../../test/record-vectors.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import { deliveredRuns } from './delivered-runs.ts'
import { openLz4 } from './lz4.ts'
import { openSnappy } from './snappy.ts'

describe('decompression', () => {
  it('only ever fail with a protocol error', () => {
    const open = [openSnappy, openLz4, (bytes: Buffer) => deliveredRuns(bytes)]
    const seeds = vectorNames.map((name) => vector(name).subarray(0, 3_000))
    seeds.push(...seeds.map((seed) => seed.subarray(61)), gzipSync('x'), zstdCompressSync('x'))
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(2),
        (seed, edits, which) => {
          const bytes = Buffer.from(seed)
          for (const [position, byte] of edits) bytes[position % bytes.length] = byte
          try {
            open[which]!(bytes, 1_000_000)
          } catch (error) {
            expect(error).toBeInstanceOf(KafkaProtocolError)
          }
        },
      ),
      { numRuns: 3_000 },
    )
  })
})
