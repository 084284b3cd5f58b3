import { describe, expect, it } from 'vitest'
import { vector, vectorNames } from '../../test/record-vectors.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import { newBatchHeader, readBatchHeader, verifyBatchChecksum } from './batch-header.ts'

function headerOf(bytes: Buffer) {
  const header = newBatchHeader()
  expect(readBatchHeader(bytes, 0, header)).toBe(true)
  return header
}

describe('readBatchHeader', () => {
  it('reads what a transactional producer wrote', () => {
    expect(headerOf(vector('transactional'))).toEqual({
      start: 0,
      end: vector('transactional').length,
      magic: 2,
      legacy: false,
      baseOffset: 900,
      lastOffset: 904,
      count: 5,
      partitionLeaderEpoch: 3,
      checksum: 0x0a4a61e3,
      codec: 0,
      logAppendTime: false,
      transactional: true,
      control: false,
      deleteHorizon: false,
      producerId: 42,
      producerEpoch: 7,
      baseSequence: 11,
    })
  })

  it('tells control batches, delete horizons, codecs and legacy messages apart', () => {
    expect(headerOf(vector('control'))).toMatchObject({ control: true, transactional: true, baseOffset: 700, count: 1 })
    expect(headerOf(vector('lz4-compacted'))).toMatchObject({ codec: 3, deleteHorizon: true, lastOffset: 139 })
    expect(headerOf(vector('emptied'))).toMatchObject({ baseOffset: 100, lastOffset: 102, count: 0 })
    expect(headerOf(vector('magic-0'))).toMatchObject({
      legacy: true,
      magic: 0,
      baseOffset: 10,
      count: 1,
      checksum: 0x7c5bf463,
    })
    expect(headerOf(vector('magic-1'))).toMatchObject({ legacy: true, magic: 1, baseOffset: 10, lastOffset: 10 })
    expect(headerOf(vector('magic-1-gzip'))).toMatchObject({ legacy: true, codec: 1, lastOffset: 11, count: -1 })
  })

  it.each(vectorNames.filter((name) => !name.startsWith('magic')))('verifies the checksum of %s', (name) => {
    const bytes = vector(name)
    const header = headerOf(bytes)
    expect(verifyBatchChecksum(bytes, header)).toBe(true)
    const last = bytes.length - 1
    bytes[last] = bytes[last]! ^ 1
    expect(verifyBatchChecksum(bytes, header)).toBe(false)
  })

  it('finds no whole batch in anything shorter', () => {
    const bytes = vector('idempotent')
    for (let length = 0; length < bytes.length; length += 1) {
      expect(readBatchHeader(bytes, 0, newBatchHeader(), length)).toBe(false)
    }
  })

  it.each([
    ['an unknown magic', (bytes: Buffer) => bytes.writeInt8(3, 16)],
    ['a length below the header', (bytes: Buffer) => bytes.writeInt32BE(48, 8)],
    ['a negative length', (bytes: Buffer) => bytes.writeInt32BE(-1, 8)],
    ['more records than offsets', (bytes: Buffer) => bytes.writeInt32BE(3, 57)],
    ['a negative count', (bytes: Buffer) => bytes.writeInt32BE(-1, 57)],
    ['a negative last offset delta', (bytes: Buffer) => bytes.writeInt32BE(-2, 23)],
    ['an offset beyond 2^53', (bytes: Buffer) => bytes.writeBigInt64BE(2n ** 53n, 0)],
    ['a last offset beyond 2^53', (bytes: Buffer) => bytes.writeBigInt64BE(2n ** 53n - 1n, 0)],
    ['a producer id beyond 2^53', (bytes: Buffer) => bytes.writeBigInt64BE(-(2n ** 60n), 43)],
  ])('refuses %s', (_, spoil) => {
    const bytes = vector('idempotent')
    spoil(bytes)
    expect(() => readBatchHeader(bytes, 0, newBatchHeader())).toThrowError(KafkaProtocolError)
  })
})
