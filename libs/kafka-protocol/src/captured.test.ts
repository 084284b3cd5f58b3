import { describe, expect, it } from 'vitest'
import { capturedFrames, type CapturedFrame } from '../test/captured-frames.ts'
import { apiByKey } from './apis.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, readRequestHeader } from './codec.ts'
import { FrameAssembler } from './framing.ts'
import { newBatchHeader, readBatchHeader, verifyBatchChecksum } from './records/batch-header.ts'
import { deliveredRuns } from './records/delivered-runs.ts'
import type { Api } from './schema.ts'
import { SlabPool } from './slabs.ts'
import { fetch, produce } from './tables.ts'
import { walkFetchResponse } from './walkers/fetch-response.ts'
import { filterProduceRequest, walkProduceRequest } from './walkers/produce-request.ts'

function tableOf(frame: CapturedFrame): Api {
  const api = apiByKey(frame.api)
  if (api === undefined) throw new Error(`There is no table for API key ${frame.api}`)
  expect(api.name).toBe(frame.name)
  return api
}

function encodedAgain(frame: CapturedFrame): Buffer {
  const api = tableOf(frame)
  if (frame.direction === 'request') {
    const header = readRequestHeader(frame.bytes, 4)
    expect(header).toMatchObject({ apiKey: frame.api, apiVersion: frame.version })
    return encodeRequest(api, frame.version, header, decodeRequest(api, frame.version, frame.bytes, header.bodyOffset))
  }
  const { correlationId, body } = decodeResponse(api, frame.version, frame.bytes, 4)
  return encodeResponse(api, frame.version, correlationId, body)
}

function of(api: Api, direction: 'request' | 'response') {
  return capturedFrames.filter((frame) => frame.api === api.key && frame.direction === direction)
}

describe('captured frames', () => {
  it.each(capturedFrames.map((frame) => [`${frame.name} v${frame.version} ${frame.direction}`, frame] as const))(
    '%s is decoded and encoded to the same bytes',
    (_, frame) => {
      expect(encodedAgain(frame).toString('hex')).toBe(frame.bytes.toString('hex'))
    },
  )

  it.each([1, 7, 100, 4_096, 1_000_000])('come out of a stream in pieces of %i bytes', (pieceBytes) => {
    const stream = Buffer.concat(capturedFrames.map(({ bytes }) => bytes))
    const assembler = new FrameAssembler({ pool: new SlabPool({ poison: true }), maxFrameBytes: 100_000 })
    const out: string[] = []
    for (let at = 0; at < stream.length; at += pieceBytes) {
      assembler.write(stream.subarray(at, at + pieceBytes))
      for (let frame = assembler.next(); frame !== undefined; frame = assembler.next()) {
        out.push(frame.bytes.toString('hex'))
        frame.release()
      }
    }
    expect(out).toEqual(capturedFrames.map(({ bytes }) => bytes.toString('hex')))
  })

  it.each(of(produce, 'request').map((frame) => [frame.version, frame] as const))(
    'Produce request v%i is walked',
    (version, { bytes }) => {
      const walk = walkProduceRequest(bytes, readRequestHeader(bytes, 4).bodyOffset, version)
      const partitions = walk.topics.flatMap((topic) => topic.partitions)
      expect(partitions).not.toHaveLength(0)
      for (const { batch, recordsStart } of partitions) {
        expect(batch).toMatchObject({ batches: 1, magic: 2, baseOffset: 0 })
        expect(batch!.count).toBe(batch!.lastOffsetDelta + 1)
        const header = newBatchHeader()
        readBatchHeader(bytes, recordsStart, header)
        expect(verifyBatchChecksum(bytes, header)).toBe(true)
      }
      expect(Buffer.concat(filterProduceRequest(bytes, walk, () => true)!)).toEqual(bytes)
    },
  )

  it.each(of(fetch, 'response').map((frame) => [frame.version, frame] as const))(
    'Fetch response v%i is walked',
    (version, { bytes }) => {
      const walk = walkFetchResponse(bytes, 4, version)
      const delivered = walk.topics.flatMap((topic) =>
        topic.partitions.map(({ recordsStart, recordsEnd }) => deliveredRuns(bytes, recordsStart, recordsEnd)),
      )
      const records = delivered.reduce((sum, each) => sum + each.records, 0)
      expect(records).toBeGreaterThan(0)
      expect(delivered.every(({ complete }) => complete)).toBe(true)
    },
  )
})
