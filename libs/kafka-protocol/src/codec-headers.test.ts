import { describe, expect, it } from 'vitest'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, readRequestHeader } from './codec.ts'
import { apiVersions, metadata, saslHandshake } from './tables.ts'

describe('headers', () => {
  it('request header 1: key, version, correlation id, client id', () => {
    const frame = encodeRequest(saslHandshake, 1, { correlationId: 7, clientId: 'me' }, { mechanism: 'PLAIN' })
    expect(frame.toString('hex')).toBe('00000013' + '0011' + '0001' + '00000007' + '00026d65' + '0005504c41494e')
    expect(readRequestHeader(frame, 4)).toEqual({
      apiKey: 17,
      apiVersion: 1,
      correlationId: 7,
      clientId: 'me',
      bodyOffset: 16,
    })
  })

  it('request header 2: the client id keeps its int16 length, then tagged fields', () => {
    const frame = encodeRequest(metadata, 9, { correlationId: -1, clientId: null }, { topics: [] })
    expect(frame.subarray(4).toString('hex')).toBe(
      '0003' + '0009' + 'ffffffff' + 'ffff' + '00' + '01' + '010000' + '00',
    )
    expect(readRequestHeader(frame.subarray(4))).toMatchObject({ clientId: null, bodyOffset: 11 })
  })

  it('request header 2: tagged fields are skipped', () => {
    const frame = Buffer.from('0003' + '0009' + '00000001' + '0000' + '020001aa0500' + '00', 'hex')
    expect(readRequestHeader(frame)).toMatchObject({ clientId: '', bodyOffset: 16 })
  })

  it('the version that a request is encoded in is the one that its header names', () => {
    const received = { apiKey: 3, apiVersion: 12, correlationId: 7, clientId: 'me', bodyOffset: 16 }
    const frame = encodeRequest(metadata, 9, received, { topics: [] })
    expect(readRequestHeader(frame, 4)).toMatchObject({ apiVersion: 9, correlationId: 7, clientId: 'me' })
  })

  it('an unknown key or version does not keep the header from being read', () => {
    const unknownKey = Buffer.from('7fff' + '0003' + '00000001' + 'ffff', 'hex')
    expect(readRequestHeader(unknownKey)).toMatchObject({ apiKey: 0x7fff, correlationId: 1, bodyOffset: 10 })
    const tooNew = Buffer.from('0012' + '7fff' + '00000002' + 'ffff' + '00', 'hex')
    expect(readRequestHeader(tooNew)).toMatchObject({ apiVersion: 0x7fff, correlationId: 2, bodyOffset: 11 })
  })

  it('response header 0 and 1', () => {
    const body = { brokers: [], topics: [] }
    const notAsked = '80000000'
    expect(encodeResponse(metadata, 8, 5, body).toString('hex')).toBe(
      '0000001a' + '00000005' + '00000000' + '00000000' + 'ffff' + 'ffffffff' + '00000000' + notAsked,
    )
    const flexible = encodeResponse(metadata, 9, 5, body)
    expect(flexible.subarray(4, 10).toString('hex')).toBe('00000005' + '00' + '00')
    expect(decodeResponse(metadata, 9, flexible, 4)).toMatchObject({ correlationId: 5, body })
  })

  it('the response of ApiVersions has header 0 even where its body is flexible', () => {
    const frame = encodeResponse(apiVersions, 3, 5, { errorCode: 0, apiKeys: [] })
    expect(frame.toString('hex')).toBe('0000000c' + '00000005' + '0000' + '01' + '00000000' + '00')
    expect(decodeResponse(apiVersions, 3, frame.subarray(4)).correlationId).toBe(5)
  })

  it('a version without a table is refused', () => {
    for (const version of [-1, 14, 0.5]) {
      expect(() => decodeRequest(metadata, version, Buffer.alloc(20), 0)).toThrow(
        expect.objectContaining({ reason: 'unsupported-version' }),
      )
    }
  })
})
