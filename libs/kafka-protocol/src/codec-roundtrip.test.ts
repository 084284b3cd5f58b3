import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apis } from './apis.ts'
import { apiVersionPairs, messageArbitrary } from '../test/arbitrary.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, readRequestHeader } from './codec.ts'
import type { AnyStruct } from './codec-fields.ts'
import type { Api } from './schema.ts'

const runs = { numRuns: 20 }
const names = apiVersionPairs(apis.values()).map(({ api, version }) => [api.name, version, api] as const)

describe('every API and version', () => {
  it('is there', () => {
    expect(apis.size).toBe(79)
    expect(names).toHaveLength(285)
  })

  it.each(names)('%s v%i: a decoded message is the one that was encoded', (_, version, api) => {
    fc.assert(
      fc.property(messageArbitrary(api, version, 'request'), (body) => expectRequestKept(api, version, body)),
      runs,
    )
    fc.assert(
      fc.property(messageArbitrary(api, version, 'response'), (body) => expectResponseKept(api, version, body)),
      runs,
    )
  })
})

function expectRequestKept(api: Api, version: number, body: AnyStruct): void {
  const frame = encodeRequest(api, version, { correlationId: 7, clientId: 'client' }, body as never)
  const header = readRequestHeader(frame, 4)
  expect(header).toMatchObject({ apiKey: api.key, apiVersion: version, correlationId: 7, clientId: 'client' })
  const decoded = decodeRequest(api, version, frame, header.bodyOffset)
  expect(decoded).toEqual(body)
  const again = encodeRequest(api, version, header, decoded as never)
  expect(again.equals(frame)).toBe(true)
}

function expectResponseKept(api: Api, version: number, body: AnyStruct): void {
  const frame = encodeResponse(api, version, -7, body as never)
  expect(frame.readInt32BE(0)).toBe(frame.length - 4)
  const decoded = decodeResponse(api, version, frame.subarray(4))
  expect(decoded.correlationId).toBe(-7)
  expect(decoded.body).toEqual(body)
  expect(encodeResponse(api, version, -7, decoded.body as never).equals(frame)).toBe(true)
}
