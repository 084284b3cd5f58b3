import { describe, expect, it } from 'vitest'
import { decodeRequest, decodeResponse, encodeResponse, readRequestHeader } from './codec.ts'
import { KafkaProtocolError } from './protocol-error.ts'
import { api, array, bytes, int32, int8, string, struct, uuid, type Field } from './schema.ts'
import { metadata } from './tables.ts'

function decode(field: Field, version: number, hex: string): unknown {
  const table = api(500, 'Sample', { versions: [0, 1], flexible: 1 }, { request: { field }, response: {} })
  return decodeRequest(table, version, Buffer.from(hex, 'hex'), 0)
}

const refusals: [string, Field, version: number, hex: string, reason: string, message: string][] = [
  ['a number cut off', int32(), 0, '000000', 'truncated', '.field: needs 4 bytes, 3 are left'],
  ['an id cut off', uuid(), 0, '00'.repeat(15), 'truncated', '.field: needs 16 bytes, 15 are left'],
  ['bytes after the body', int8(), 0, '0100', 'malformed', ': 1 bytes after the body'],
  ['bytes after the tags', int8(), 1, '010000', 'malformed', ': 1 bytes after the body'],
  ['a string longer than the rest', string(), 0, '000261', 'truncated', '.field: needs 2 bytes, 1 are left'],
  ['a compact string longer than the rest', string(), 1, '0361', 'truncated', '.field: needs 2 bytes, 1 are left'],
  ['a string of negative length', string(), 0, 'fffe', 'oversize', '.field: negative length -2'],
  ['a null that is not allowed', string(), 0, 'ffff', 'malformed', '.field: null where this version has no null'],
  [
    'a compact null that is not allowed',
    string(),
    1,
    '0000',
    'malformed',
    '.field: null where this version has no null',
  ],
  ['a null before its version', string({ nullable: 1 }), 0, 'ffff', 'malformed', '.field: null where'],
  ['a compact string above 32767 bytes', string(), 1, '818002', 'oversize', '.field: string of 32768 bytes'],
  ['bytes that are not UTF-8', string(), 0, '0002c328', 'malformed', '.field: not UTF-8'],
  ['an encoded surrogate', string(), 0, '0003eda080', 'malformed', '.field: not UTF-8'],
  ['an overlong encoding', string(), 0, '0002c0af', 'malformed', '.field: not UTF-8'],
  ['bytes of negative length', bytes(), 0, '80000000', 'oversize', '.field: negative length -2147483648'],
  ['bytes longer than the rest', bytes(), 1, 'ffffffff0f', 'truncated', '.field: needs 4294967294 bytes, 0 are left'],
  ['a varint of six bytes', bytes(), 1, 'ffffffffff01', 'malformed', '.field: varint of more than 32 bits'],
  ['a varint above 32 bits', bytes(), 1, 'ffffffff10', 'malformed', '.field: varint of more than 32 bits'],
  ['a varint cut off', bytes(), 1, 'ff', 'truncated', '.field: needs 1 bytes, 0 are left'],
  ['more elements than bytes', array(int32()), 0, '7fffffff00', 'truncated', '.field: 2147483647 elements in 1 bytes'],
  ['more compact elements than bytes', array(int8()), 1, 'ffffffff0f', 'truncated', '.field: 4294967294 elements in 0'],
  ['elements without bytes', array({}), 0, '7fffffff', 'truncated', '.field: 2147483647 elements in 0 bytes'],
  ['a negative count', array(int8()), 0, 'fffffffe', 'oversize', '.field: negative length -2'],
  ['a fault in an element', array({ a: string() }), 0, '0000000200000002', 'truncated', '.field[1].a: needs 2 bytes'],
  ['an unknown presence', struct({}, { nullable: 0 }), 0, '02', 'malformed', '.field: presence byte 2 of a struct'],
  ['tags that fall', int8(), 1, '010202000100', 'malformed', ': tag 1 after tag 2'],
  ['a tag twice', int8(), 1, '010202000200', 'malformed', ': tag 2 after tag 2'],
  ['a tag that Kafka keeps for itself', int8(), 1, '0101ffffffff0700', 'malformed', ': tag 2147483647'],
  ['an unknown tag longer than the rest', int8(), 1, '0101020500', 'truncated', ': needs 5 bytes, 1 are left'],
  ['a count of tags without tags', int8(), 1, '01ffffffff0f', 'truncated', ': needs 1 bytes, 0 are left'],
  ['a tagged field cut by its size', int32({ tag: 0 }), 1, '01000300000001', 'truncated', '.field: needs 4 bytes, 3'],
  ['a tagged field short of its size', int8({ tag: 0 }), 1, '0100020100', 'malformed', '.field: 1 bytes too many'],
]

it('leaves what comes after the body to a caller who says so, and only that', () => {
  const table = api(500, 'Sample', { versions: [0, 1], flexible: 1 }, { request: { field: int8() }, response: {} })
  const read = (hex: string) => decodeRequest(table, 0, Buffer.from(hex, 'hex'), 0, 'ignored')
  expect(read('07ffff')).toEqual({ field: 7 })
  expect(() => read('')).toThrow('.field: needs 1 bytes, 0 are left')
})

describe('malformed bytes', () => {
  it.each(refusals)('%s', (_, field, version, hex, reason, message) => {
    let refused: unknown
    try {
      decode(field, version, hex)
    } catch (error) {
      refused = error
    }
    expect(refused).toBeInstanceOf(KafkaProtocolError)
    expect(refused).toMatchObject({ reason })
    expect((refused as Error).message).toContain(`SampleRequest${message}`)
  })

  it('a replacement character that really was sent is text', () => {
    expect(decode(string(), 0, '0003efbfbd')).toEqual({ field: '\ufffd' })
  })

  it('each shorter piece of a response is refused with the path of what is missing', () => {
    const partition = { errorCode: 0, partitionIndex: 0, leaderId: 1, replicaNodes: [1, 2], isrNodes: [1] }
    const topic = { errorCode: 0, name: 'orders', partitions: [partition, partition] }
    const whole = encodeResponse(metadata, 12, 1, {
      brokers: [{ nodeId: 1, host: 'localhost', port: 9092 }],
      topics: [topic],
    }).subarray(4)
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeResponse(metadata, 12, whole.subarray(0, length))).toThrow(KafkaProtocolError)
    }
    expect(() => decodeResponse(metadata, 12, whole.subarray(0, -12))).toThrow(
      'MetadataResponse.topics[0].partitions[1]',
    )
  })
})

describe('malformed headers', () => {
  it.each([
    ['cut off', '00030009000000', 'truncated', '.correlationId: needs 4 bytes, 3 are left'],
    ['client id of negative length', '0003000100000001fff0', 'oversize', '.clientId: negative length -16'],
    ['client id longer than the rest', '0003000100000001000261', 'truncated', '.clientId: needs 2 bytes, 1 are left'],
    ['client id that is not UTF-8', '00030001000000010001ff', 'malformed', '.clientId: not UTF-8'],
    ['tags that fall', '0003000900000001ffff0205000400', 'malformed', ': tag 4 after tag 5'],
    ['tag longer than the rest', '0003000900000001ffff01057f', 'truncated', ': needs 127 bytes, 0 are left'],
  ])('%s', (_, hex, reason, message) => {
    const read = () => readRequestHeader(Buffer.from(hex, 'hex'))
    expect(read).toThrow(expect.objectContaining({ name: 'KafkaProtocolError', reason }))
    expect(read).toThrow(`RequestHeader${message}`)
  })

  it('an offset beyond the end', () => {
    expect(() => readRequestHeader(Buffer.alloc(3), 4)).toThrow(expect.objectContaining({ reason: 'truncated' }))
  })
})
