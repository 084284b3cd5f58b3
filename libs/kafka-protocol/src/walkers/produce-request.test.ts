import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messageArbitrary } from '../../test/arbitrary.ts'
import { decodeRequest, encodeRequest, readRequestHeader } from '../codec.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import { batchOf } from '../records/batch-bytes.test-support.ts'
import type { RequestOf } from '../schema.ts'
import { produce } from '../tables.ts'
import { vector } from '../../test/record-vectors.ts'
import { filterProduceRequest, walkProduceRequest } from './produce-request.ts'

type ProduceRequest = RequestOf<typeof produce>

const versions = Array.from({ length: 11 }, (_, index) => index + 3)
const header = { correlationId: 7, clientId: 'test' }

function uniqueBy<T>(elements: readonly T[], keyOf: (element: T) => unknown): T[] {
  return [...new Map(elements.map((element) => [keyOf(element), element])).values()]
}

/** Any request of the version that names no topic and no partition twice. */
function requests(version: number): fc.Arbitrary<ProduceRequest> {
  return messageArbitrary(produce, version, 'request').map((value) => {
    const request = value as unknown as ProduceRequest
    const topics = uniqueBy(request.topicData, (topic) => topic.name + topic.topicId)
    return {
      ...request,
      topicData: topics.map((topic) => ({
        ...topic,
        partitionData: uniqueBy(topic.partitionData, ({ index }) => index),
      })),
    }
  })
}

function walkFrame(frame: Buffer, version: number) {
  return walkProduceRequest(frame, readRequestHeader(frame, 4).bodyOffset, version)
}

function requestOf(version: number, partitions: { index: number; records: Buffer | null }[]): Buffer {
  const topicData = [
    version < 13 ? { name: 'orders', partitionData: partitions } : { topicId: topicId(), partitionData: partitions },
  ]
  return encodeRequest(produce, version, header, { acks: -1, timeoutMs: 30_000, topicData })
}

function topicId(): string {
  return Buffer.alloc(16, 9).toString('base64url')
}

describe.each(versions)('Produce request version %i', (version) => {
  it('walks to what the codec decodes', () => {
    fc.assert(
      fc.property(requests(version), (request) => {
        const frame = encodeRequest(produce, version, header, request)
        const walk = walkFrame(frame, version)
        expect(walk).toMatchObject({
          version,
          transactionalId: request.transactionalId,
          acks: request.acks,
          timeoutMs: request.timeoutMs,
        })
        expect(frame.readInt16BE(walk.acksPosition)).toBe(request.acks)
        const walked = walk.topics.map((topic) => ({
          topic: topic.name ?? topic.topicId,
          partitions: topic.partitions.map(({ index, recordsStart, recordsEnd }) => ({
            index,
            records: frame.toString('hex', recordsStart, recordsEnd),
          })),
        }))
        const decoded = request.topicData.map((topic) => ({
          topic: version < 13 ? topic.name : topic.topicId,
          partitions: topic.partitionData.map(({ index, records }) => ({
            index,
            records: records?.toString('hex') ?? '',
          })),
        }))
        expect(walked).toEqual(decoded)
      }),
      { numRuns: 50 },
    )
  })

  it('keeps exactly the partitions it is told to', () => {
    fc.assert(
      fc.property(requests(version), fc.infiniteStream(fc.boolean()), (request, choices) => {
        const frame = encodeRequest(produce, version, header, request)
        const chosen = new Set<number>()
        const output = filterProduceRequest(frame, walkFrame(frame, version), (partition) => {
          const keep = choices.next().value === true
          if (keep) chosen.add(partition.start)
          return keep
        })
        const walk = walkFrame(frame, version)
        const topicData = request.topicData
          .map((topic, index) => ({
            ...topic,
            partitionData: topic.partitionData.filter((_, at) => chosen.has(walk.topics[index]!.partitions[at]!.start)),
          }))
          .filter(({ partitionData }) => partitionData.length > 0)
        if (topicData.length === 0) {
          expect(output).toBeUndefined()
        } else {
          expect(Buffer.concat(output!)).toEqual(encodeRequest(produce, version, header, { ...request, topicData }))
        }
      }),
      { numRuns: 50 },
    )
  })

  it('refuses a request cut anywhere, and one with bytes too many', () => {
    const frame = requestOf(version, [{ index: 3, records: batchOf({ baseOffset: 0, count: 2 }) }])
    const { bodyOffset } = readRequestHeader(frame, 4)
    for (let end = bodyOffset; end < frame.length; end += 1) {
      expect(() => walkProduceRequest(frame.subarray(0, end), bodyOffset, version)).toThrowError(KafkaProtocolError)
    }
    expect(() => walkProduceRequest(Buffer.concat([frame, Buffer.alloc(1)]), bodyOffset, version)).toThrowError(
      /after the body/,
    )
  })

  it('finds acks where it can be patched', () => {
    const frame = requestOf(version, [{ index: 3, records: Buffer.alloc(0) }])
    const { acksPosition } = walkFrame(frame, version)
    frame.writeInt16BE(1, acksPosition)
    expect(decodeRequest(produce, version, frame, readRequestHeader(frame, 4).bodyOffset).acks).toBe(1)
  })
})

describe('walkProduceRequest', () => {
  const batch = batchOf({
    baseOffset: 0,
    count: 4,
    producerId: 77,
    producerEpoch: 2,
    baseSequence: 40,
    transactional: true,
  })
  const batchFor = (records: Buffer | null) =>
    walkFrame(requestOf(11, [{ index: 0, records }]), 11).topics[0]!.partitions[0]!.batch

  it('summarises the batch', () => {
    expect(batchFor(batch)).toEqual({
      batches: 1,
      magic: 2,
      baseOffset: 0,
      lastOffsetDelta: 3,
      count: 4,
      bytes: batch.length,
      transactional: true,
      producerId: 77,
      producerEpoch: 2,
      baseSequence: 40,
    })
    expect(batchFor(Buffer.concat([batch, batch]))).toMatchObject({ batches: 2, count: 4, bytes: 2 * batch.length })
    expect(batchFor(vector('idempotent'))).toMatchObject({
      batches: 1,
      producerId: 43,
      producerEpoch: 8,
      baseSequence: 12,
      count: 2,
    })
  })

  it.each([
    ['no records', null],
    ['empty records', Buffer.alloc(0)],
    ['a part of a batch', batch.subarray(0, 70)],
    ['a batch and a part of one', Buffer.concat([batch, batch.subarray(0, 30)])],
    ['a batch and a legacy message', Buffer.concat([batch, vector('magic-1')])],
    ['legacy messages', vector('magic-1')],
    ['a batch of an unknown magic', Buffer.alloc(100, 9)],
  ])('has no summary for %s', (_, records) => {
    expect(batchFor(records)).toBeUndefined()
  })

  it('refuses a topic or a partition that is named twice', () => {
    const twice = {
      acks: 1,
      timeoutMs: 1,
      topicData: [
        { name: 'a', partitionData: [] },
        { name: 'a', partitionData: [] },
      ],
    }
    expect(() => walkFrame(encodeRequest(produce, 9, header, twice), 9)).toThrowError(/topic is named twice/)
    expect(() =>
      walkFrame(
        requestOf(9, [
          { index: 1, records: null },
          { index: 1, records: null },
        ]),
        9,
      ),
    ).toThrowError(/partition is named twice/)
  })

  it('refuses tags that do not rise, which the codec would refuse too', () => {
    const frame = requestOf(9, [])
    const tagged = (...tags: number[]) => Buffer.concat([frame.subarray(0, -1), Buffer.from(tags)])
    expect(walkFrame(tagged(2, 4, 1, 0xaa, 5, 0), 9).topics).toHaveLength(1)
    expect(() => walkFrame(tagged(2, 5, 1, 0xaa, 4, 0), 9)).toThrowError(/tag 4 after tag 5/)
    expect(() => walkFrame(tagged(2, 5, 0, 5, 0), 9)).toThrowError(/tag 5 after tag 5/)
  })

  it('refuses a count that the bytes cannot hold, and a version without a table', () => {
    const frame = requestOf(8, [])
    frame.writeInt32BE(0x7fff_ffff, walkFrame(frame, 8).topicsStart)
    expect(() => walkFrame(frame, 8)).toThrowError(/2147483647 elements/)
    expect(() => walkProduceRequest(frame, 4, 2)).toThrowError(/no table for version 2/)
    expect(() => walkProduceRequest(frame, 4, 14)).toThrowError(/no table for version 14/)
  })
})

describe('filterProduceRequest', () => {
  it('does not copy records', () => {
    const large = batchOf({ baseOffset: 0, count: 100, valueBytes: 100 })
    const frame = requestOf(
      12,
      [0, 1, 2, 3].map((index) => ({ index, records: large })),
    )
    const output = filterProduceRequest(frame, walkFrame(frame, 12), ({ index }) => index > 0)!
    // Neighbours in the frame stay one buffer: the head, and the three partitions with what follows them.
    expect(output).toHaveLength(2)
    expect(output[1]!.buffer).toBe(frame.buffer)
    expect(output[0]!.length).toBeLessThan(100)
  })
})
