import { describe, expect, expectTypeOf, it } from 'vitest'
import { decodeRequest, encodeRequest } from './codec.ts'
import { KafkaProtocolError } from './protocol-error.ts'
import {
  api,
  array,
  bool,
  bytes,
  float64,
  int16,
  int32,
  int64,
  int8,
  records,
  string,
  struct,
  uint16,
  uint32,
  uuid,
  type Field,
  type Fields,
  type RequestInputOf,
  type RequestOf,
} from './schema.ts'

const header = { correlationId: 0, clientId: null }
/** Size, key 500, version, correlation id 0, null client id. */
const headerBytes = 14

/** Version 0 is not flexible, version 1 is. */
function tableOf<F extends Fields>(fields: F) {
  return api(500, 'Sample', { versions: [0, 1], flexible: 1 }, { request: fields, response: {} })
}

/** The bytes of a field's value in both forms, without what surrounds it; and back. */
function wireBytes(field: Field, value: unknown): { plain: string; flexible: string } {
  const table = tableOf({ field })
  const [plain, flexible] = [0, 1].map((version) => {
    const frame = encodeRequest(table, version, header, { field: value })
    const bodyOffset = headerBytes + version
    expect(decodeRequest(table, version, frame, bodyOffset)).toEqual({ field: value })
    const end = frame.length - version
    expect(frame.readInt32BE(0)).toBe(frame.length - 4)
    return frame.subarray(bodyOffset, end).toString('hex')
  })
  return { plain: plain!, flexible: flexible! }
}

describe('wire types', () => {
  const fixed: [string, Field, unknown, string][] = [
    ['int8', int8(), -2, 'fe'],
    ['int16', int16(), -2, 'fffe'],
    ['int32', int32(), 0x0102_0304, '01020304'],
    ['int64', int64(), -2n, 'fffffffffffffffe'],
    ['uint16', uint16(), 0xfffe, 'fffe'],
    ['uint32', uint32(), 0xffff_fffe, 'fffffffe'],
    ['bool', bool(), true, '01'],
    ['float64', float64(), -1.5, 'bff8000000000000'],
    ['uuid', uuid(), 'AAECAwQFBgcICQoLDA0ODw', '000102030405060708090a0b0c0d0e0f'],
  ]
  it.each(fixed)('%s has one form', (_, field, value, hex) => {
    expect(wireBytes(field, value)).toEqual({ plain: hex, flexible: hex })
  })

  const delimited: [string, Field, unknown, string, string][] = [
    ['string', string(), 'né', '00036ec3a9', '046ec3a9'],
    ['empty string', string(), '', '0000', '01'],
    ['null string', string({ nullable: 0 }), null, 'ffff', '00'],
    ['bytes', bytes(), Buffer.from('0a0b', 'hex'), '000000020a0b', '030a0b'],
    ['null bytes', bytes({ nullable: 0 }), null, 'ffffffff', '00'],
    ['records', records({ nullable: 0 }), Buffer.from('0c', 'hex'), '000000010c', '020c'],
    ['null records', records({ nullable: 0 }), null, 'ffffffff', '00'],
    ['array', array(int16()), [1, 2], '0000000200010002', '0300010002'],
    ['empty array', array(int16()), [], '00000000', '01'],
    ['null array', array(int16(), { nullable: 0 }), null, 'ffffffff', '00'],
    ['array of structs', array({ a: int8() }), [{ a: 5 }, { a: 6 }], '000000020506', '0305000600'],
    ['struct', struct({ a: int8(), b: int8() }), { a: 5, b: 6 }, '0506', '050600'],
    ['present nullable struct', struct({ a: int8() }, { nullable: 0 }), { a: 5 }, '0105', '010500'],
    ['null struct', struct({ a: int8() }, { nullable: 0 }), null, 'ff', 'ff'],
  ]
  it.each(delimited)('%s has a form for each encoding', (_, field, value, plain, flexible) => {
    expect(wireBytes(field, value)).toEqual({ plain, flexible })
  })

  it.each([
    [126, '7f'],
    [127, '8001'],
    [16_382, 'ff7f'],
    [16_383, '808001'],
  ])('writes the length of %i bytes as varint %s', (length, prefix) => {
    const { flexible } = wireBytes(bytes(), Buffer.alloc(length))
    expect(flexible.slice(0, -2 * length)).toBe(prefix)
  })

  it('reads any byte but 0 as true', () => {
    const table = tableOf({ field: bool() })
    expect(decodeRequest(table, 0, Buffer.from('ff', 'hex'), 0)).toEqual({ field: true })
  })

  it('decodes bytes as a slice of the frame', () => {
    const table = tableOf({ field: bytes() })
    const frame = Buffer.from('000000020a0b', 'hex')
    expect(decodeRequest(table, 0, frame, 0).field.buffer).toBe(frame.buffer)
  })
})

describe('tagged fields', () => {
  const table = tableOf({
    second: int16({ since: 1, tag: 2, default: 7 }),
    first: struct({ id: int32({ default: -1 }) }, { since: 1, tag: 0 }),
    plain: int8(),
    list: array(int8(), { since: 1, tag: 5 }),
  })
  const unset = { second: 7, first: { id: -1 }, plain: 1, list: [] }
  const encoded = (body: RequestInputOf<typeof table>) =>
    encodeRequest(table, 1, header, body)
      .subarray(headerBytes + 1)
      .toString('hex')

  it('are written after the other fields, in the order of their tags, with their size', () => {
    const value = { second: 9, first: { id: 3 }, plain: 1, list: [4, 5] }
    expect(encoded(value)).toBe('01' + '03' + '0005' + '0000000300' + '0202' + '0009' + '0503' + '030405')
    expect(decodeRequest(table, 1, Buffer.from(encoded(value), 'hex'), 0)).toEqual(value)
  })

  it('are left out when they hold their default, and come back as such', () => {
    expect(encoded({ plain: 1 })).toBe('0100')
    expect(encoded(unset)).toBe('0100')
    expect(decodeRequest(table, 1, Buffer.from('0100', 'hex'), 0)).toEqual(unset)
  })

  it('are kept where no table knows them, and written back in order', () => {
    const bytesWithUnknown = '01' + '03' + '01020a0b' + '0202' + '0009' + '8f0100'
    const value = decodeRequest(table, 1, Buffer.from(bytesWithUnknown, 'hex'), 0)
    expect(value).toEqual({
      ...unset,
      second: 9,
      unknownTags: [
        { tag: 1, bytes: Buffer.from('0a0b', 'hex') },
        { tag: 143, bytes: Buffer.alloc(0) },
      ],
    })
    expect(encoded(value)).toBe(bytesWithUnknown)
  })

  it('may grow beyond a size of one byte', () => {
    const value = { ...unset, list: Array.from({ length: 200 }, (_, index) => index % 100) }
    expect(encoded(value)).toMatch(/^010105ca01c901/)
    expect(decodeRequest(table, 1, Buffer.from(encoded(value), 'hex'), 0)).toEqual(value)
  })

  it('of an unknown number are refused where the version has none, and where they repeat a known one', () => {
    const unknown = [{ tag: 2, bytes: Buffer.alloc(1) }]
    expect(() => encodeRequest(table, 0, header, { plain: 1, unknownTags: unknown })).toThrow(
      'SampleRequest: tagged fields in a version that has none',
    )
    expect(() => encoded({ plain: 1, second: 9, unknownTags: unknown })).toThrow('SampleRequest: tag 2 twice')
    for (const tag of [-1, 0.5, 0x7fff_ffff]) {
      expect(() => encoded({ plain: 1, unknownTags: [{ tag, bytes: Buffer.alloc(1) }] })).toThrow(`tag ${tag}`)
    }
  })

  it('become tagged in the version that says so', () => {
    const late = api(
      501,
      'Late',
      { versions: [0, 2], flexible: 1 },
      {
        request: { a: int8({ tag: 0, taggedSince: 2 }), b: int8() },
        response: {},
      },
    )
    const body = (version: number) =>
      encodeRequest(late, version, header, { a: 5, b: 6 })
        .subarray(headerBytes + 1)
        .toString('hex')
    expect(body(1)).toBe('050600')
    expect(body(2)).toBe('0601000105')
  })
})

describe('fields that a version lacks', () => {
  const table = api(
    502,
    'Changing',
    { versions: [0, 3], flexible: 'never' },
    {
      request: {
        early: string({ until: 1 }),
        late: int32({ since: 2, default: -1 }),
        hint: int8({ since: 2, ignorable: true }),
        list: array(int8(), { since: 2, nullable: 3 }),
      },
      response: {},
    },
  )
  const body = (version: number, value: RequestInputOf<typeof table>) =>
    encodeRequest(table, version, header, value).subarray(headerBytes).toString('hex')

  it('decode to their default', () => {
    expect(decodeRequest(table, 0, Buffer.from('000161', 'hex'), 0)).toEqual({
      early: 'a',
      late: -1,
      hint: 0,
      list: [],
    })
  })

  it('are skipped when they are not given, hold their default or may be ignored', () => {
    expect(body(0, { early: 'a' })).toBe('000161')
    expect(body(0, { early: 'a', late: -1, hint: 9, list: [] })).toBe('000161')
    expect(body(2, { early: '', hint: 9, list: [1] })).toBe('ffffffff' + '09' + '0000000101')
  })

  it('refuse any other value', () => {
    expect(() => body(0, { late: 0 })).toThrow('ChangingRequest.late: version 0 cannot carry this value')
    expect(() => body(0, { list: null })).toThrow('ChangingRequest.list: version 0 cannot carry this value')
    expect(() => body(3, { early: 'a' })).toThrow('ChangingRequest.early: version 3 cannot carry this value')
  })

  it('refuse null in a version that has none', () => {
    expect(() => body(2, { list: null })).toThrow('ChangingRequest.list: null where this version has no null')
    expect(body(3, { list: null })).toBe('ffffffff' + '00' + 'ffffffff')
  })
})

describe('values that cannot be encoded', () => {
  const table = tableOf({
    list: array({ name: string(), size: int16(), offset: int64({ default: 0n }), id: uuid({ tag: 0 }) }),
  })
  const encode = (element: object) =>
    encodeRequest(table, 0, header, { list: [{ name: 'a', size: 1 }, element as { name: string; size: number }] })

  it.each([
    [{ name: 'a', size: 40_000 }, 'size: not an integer from -32768 to 32767'],
    [{ name: 'a', size: 1.5 }, 'size: not an integer from -32768 to 32767'],
    [{ name: 'a', size: '1' }, 'size: not an integer from -32768 to 32767'],
    [{ size: 1 }, 'name: no value given'],
    [{ name: '\ud800', size: 1 }, 'name: text with a lone surrogate'],
    [{ name: 'a'.repeat(32_768), size: 1 }, 'name: string of 32768 bytes'],
    [{ name: 'a', size: 1, id: 'AAECAwQFBgcICQoLDA0ODx' }, 'id: not a uuid of 22 base64url characters'],
    [{ name: 'a', size: 1, offset: 2n ** 63n }, 'offset: not a 64-bit integer'],
  ])('%o', (element, message) => {
    expect(() => encode(element)).toThrow(`SampleRequest.list[1].${message}`)
    expect(() => encode(element)).toThrow(KafkaProtocolError)
  })
})

it('infers what a table decodes to and encodes from', () => {
  const table = tableOf({
    id: int64(),
    name: string({ nullable: 1 }),
    parts: array({ index: int32(), hint: bool({ since: 1 }) }, { since: 1, nullable: 1 }),
  })
  type Value = RequestOf<typeof table>
  type Input = RequestInputOf<typeof table>
  expectTypeOf<Value['id']>().toEqualTypeOf<bigint>()
  expectTypeOf<Value['name']>().toEqualTypeOf<string | null>()
  expectTypeOf<NonNullable<Value['parts']>[number]['hint']>().toEqualTypeOf<boolean>()
  expectTypeOf<Value>().toExtend<Input>()
  expectTypeOf<{ id: bigint; name: null }>().toExtend<Input>()
  expectTypeOf<{ id: bigint }>().not.toExtend<Input>()
  expectTypeOf<{ id: number; name: null }>().not.toExtend<Input>()
})
