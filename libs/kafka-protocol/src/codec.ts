import { structDecoder, type Decode } from './codec-decoding.ts'
import { structEncoder, type Encode } from './codec-encoding.ts'
import { protocolError, ValueFault } from './codec-fault.ts'
import type { AnyStruct, Form } from './codec-fields.ts'
import { ByteReader } from './codec-reader.ts'
import { ByteWriter } from './codec-writer.ts'
import { apiByKey } from './apis.ts'
import { KafkaProtocolError } from './protocol-error.ts'
import {
  int16,
  int32,
  string,
  type Api,
  type RequestInputOf,
  type RequestOf,
  type ResponseInputOf,
  type ResponseOf,
  type StructValue,
} from './schema.ts'

const apiVersionsKey = 18

/** What stands in front of every request, whatever its version. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Where the body begins in the buffer that was given. */
  readonly bodyOffset: number
}

/** The fields of every request header. The client id keeps its int16 length even where tagged fields follow it (KIP-511). */
const requestHeader = {
  apiKey: int16(),
  apiVersion: int16(),
  correlationId: int32(),
  clientId: string({ nullable: 0 }),
}
const plain: Form = { version: 0, flexible: false }
const decodeRequestHeader = structDecoder(requestHeader, plain)
const encodeRequestHeader = structEncoder(requestHeader, plain)
/** No tagged field of a header is known, so they are passed over when reading, and none are written. */
const decodeHeaderTags = structDecoder({}, { version: 0, flexible: true })
const encodeHeaderTags = structEncoder({}, { version: 0, flexible: true })

interface Codec {
  readonly decode: Decode<AnyStruct>
  readonly encode: Encode<AnyStruct>
}

type Direction = 'request' | 'response'

/** Compiled on first use: most connections use one version each of about ten APIs. */
const compiled: Record<Direction, WeakMap<Api, (Codec | undefined)[]>> = {
  request: new WeakMap(),
  response: new WeakMap(),
}

function codecOf(api: Api, version: number, direction: Direction): Codec {
  let versions = compiled[direction].get(api)
  if (versions === undefined) compiled[direction].set(api, (versions = []))
  const existing = versions[version]
  if (existing !== undefined) return existing
  const [min, max] = api.versions
  if (!Number.isInteger(version) || version < min || version > max) {
    throw new KafkaProtocolError('unsupported-version', `${api.name} has no table for version ${version}`)
  }
  const form: Form = { version, flexible: isFlexible(api, version) }
  const fields = api[direction]
  return (versions[version] = { decode: structDecoder(fields, form), encode: structEncoder(fields, form) })
}

/** Whether this version uses the flexible encoding (KIP-482), with compact lengths and tagged fields. */
export function isFlexible(api: Api, version: number): boolean {
  return api.flexible !== 'never' && version >= api.flexible
}

/** Response header 1 rather than 0. ApiVersions always has 0, so that a client can read an answer to a version it should not have sent. */
export function hasFlexibleResponseHeader(api: Api, version: number): boolean {
  return api.key !== apiVersionsKey && isFlexible(api, version)
}

/**
 * Reads the header of a request. `frame` is without its size prefix, or `offset` points behind it. An unknown key or version
 * is not an error here, since the caller has to answer or name it; its `bodyOffset` is right as far as the API is known.
 * Throws KafkaProtocolError when the header itself cannot be read.
 */
export function readRequestHeader(frame: Buffer, offset = 0): RequestHeader {
  try {
    const reader = new ByteReader(frame, offset)
    const header = decodeRequestHeader(reader) as unknown as StructValue<typeof requestHeader>
    const api = apiByKey(header.apiKey)
    if (api !== undefined && isFlexible(api, header.apiVersion)) decodeHeaderTags(reader)
    return { ...header, bodyOffset: reader.offset }
  } catch (error) {
    throw protocolError('RequestHeader', error)
  }
}

/**
 * Decodes the body of a request, which must fill the rest of the buffer unless `trailing` is `ignored`. `bytes` and `records`
 * are slices of it. Throws KafkaProtocolError with the path of the field, as in `CreateTopicsRequest.topics[3].name: not UTF-8`.
 */
export function decodeRequest<A extends Api>(
  api: A,
  version: number,
  buffer: Buffer,
  bodyOffset: number,
  trailing: 'refused' | 'ignored' = 'refused',
): RequestOf<A> {
  const { decode } = codecOf(api, version, 'request')
  return decodeBody(`${api.name}Request`, decode, buffer, bodyOffset, trailing) as RequestOf<A>
}

/** Decodes a response, header and body. `buffer` is without its size prefix, or `offset` points behind it. Throws as `decodeRequest` does. */
export function decodeResponse<A extends Api>(
  api: A,
  version: number,
  buffer: Buffer,
  offset = 0,
): { correlationId: number; body: ResponseOf<A> } {
  const { decode } = codecOf(api, version, 'response')
  const name = `${api.name}Response`
  const header = decodeHeader(name, buffer, offset, hasFlexibleResponseHeader(api, version))
  return {
    correlationId: header.correlationId,
    body: decodeBody(name, decode, buffer, header.bodyOffset) as ResponseOf<A>,
  }
}

function decodeHeader(name: string, buffer: Buffer, offset: number, flexible: boolean) {
  try {
    const reader = new ByteReader(buffer, offset)
    const correlationId = reader.int32()
    if (flexible) decodeHeaderTags(reader)
    return { correlationId, bodyOffset: reader.offset }
  } catch (error) {
    throw protocolError(name, error)
  }
}

function decodeBody(
  name: string,
  decode: Decode<AnyStruct>,
  buffer: Buffer,
  offset: number,
  trailing: 'refused' | 'ignored' = 'refused',
): AnyStruct {
  try {
    const reader = new ByteReader(buffer, offset)
    const body = decode(reader)
    if (reader.remaining > 0 && trailing === 'refused') {
      throw new ValueFault('malformed', `${reader.remaining} bytes after the body`)
    }
    return body
  } catch (error) {
    throw protocolError(name, error)
  }
}

/**
 * Encodes a request with its size prefix, ready to write. Fields that the version lacks are left out; where such a field holds
 * a value that may not be lost, this throws KafkaProtocolError `malformed`.
 */
export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: RequestInputOf<A>,
): Buffer {
  const { encode } = codecOf(api, version, 'request')
  return encodeFrame(`${api.name}Request`, (writer) => {
    encodeRequestHeader(writer, { ...header, apiKey: api.key, apiVersion: version })
    if (isFlexible(api, version)) encodeHeaderTags(writer, {})
    encode(writer, body as unknown as AnyStruct)
  })
}

/** Encodes a response with its size prefix, ready to write. Throws as `encodeRequest` does. */
export function encodeResponse<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  body: ResponseInputOf<A>,
): Buffer {
  const { encode } = codecOf(api, version, 'response')
  return encodeFrame(`${api.name}Response`, (writer) => {
    writer.int32(correlationId)
    if (hasFlexibleResponseHeader(api, version)) encodeHeaderTags(writer, {})
    encode(writer, body as unknown as AnyStruct)
  })
}

function encodeFrame(name: string, write: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter()
  try {
    writer.int32(0)
    write(writer)
    return writer.frame()
  } catch (error) {
    throw protocolError(name, error)
  }
}
