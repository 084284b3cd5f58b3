import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messageArbitrary } from '../../test/arbitrary.ts'
import { decodeResponse, encodeResponse } from '../codec.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import { batchOf } from '../records/batch-bytes.test-support.ts'
import { deliveredRuns } from '../records/delivered-runs.ts'
import type { ResponseOf } from '../schema.ts'
import { fetch } from '../tables.ts'
import { writeFetchResponse, type FetchPartitionEdit, type FetchTopicEdit } from './fetch-response-edit.ts'
import { walkFetchResponse, type FetchedPartition } from './fetch-response.ts'

type FetchResponse = ResponseOf<typeof fetch>
type Partition = FetchResponse['responses'][number]['partitions'][number]

const versions = Array.from({ length: 15 }, (_, index) => index + 4)

/** Any response of the version; positions as far as they can be read exactly. */
function responses(version: number): fc.Arbitrary<FetchResponse> {
  return messageArbitrary(fetch, version, 'response').map((value) => {
    const response = value as unknown as FetchResponse
    const safe = (position: bigint): bigint => BigInt.asIntN(53, position)
    return {
      ...response,
      responses: response.responses.map((topic) => ({
        ...topic,
        partitions: topic.partitions.map((partition) => ({
          ...partition,
          highWatermark: safe(partition.highWatermark),
          lastStableOffset: safe(partition.lastStableOffset),
          logStartOffset: safe(partition.logStartOffset),
        })),
      })),
    }
  })
}

/** What a broker answers for a partition in error, and what the edit is to state. */
function statedPartition(partitionIndex: number, errorCode: number) {
  return { partitionIndex, errorCode, highWatermark: -1n, abortedTransactions: [], records: Buffer.alloc(0) }
}

function decoded(frame: Buffer, version: number): FetchResponse {
  return decodeResponse(fetch, version, frame, 4).body
}

const correlationId = 99

describe.each(versions)('Fetch response version %i', (version) => {
  it('walks to what the codec decodes', () => {
    fc.assert(
      fc.property(responses(version), (response) => {
        const frame = encodeResponse(fetch, version, correlationId, response)
        const walk = walkFetchResponse(frame, 4, version)
        const { throttleTimeMs, errorCode, sessionId, nodeEndpoints, unknownTags = [] } = response
        expect(walk).toMatchObject({ correlationId, throttleTimeMs, errorCode, sessionId, nodeEndpoints, unknownTags })
        const walked = walk.topics.map((topic) => [
          topic.topic ?? topic.topicId,
          topic.partitions.map((each) => readable(frame, each)),
        ])
        const expected = response.responses.map((topic) => [
          version < 13 ? topic.topic : topic.topicId,
          topic.partitions.map(expectation),
        ])
        expect(walked).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  it('writes the same bytes when nothing is edited', () => {
    fc.assert(
      fc.property(responses(version), (response) => {
        const frame = encodeResponse(fetch, version, correlationId, response)
        const walk = walkFetchResponse(frame, 4, version)
        const topics = walk.topics.map((topic) => ({ topic, partitions: topic.partitions.map((from) => ({ from })) }))
        expect(Buffer.concat(writeFetchResponse(frame, walk, { topics }))).toEqual(frame)
        const { nodeEndpoints } = walk
        expect(Buffer.concat(writeFetchResponse(frame, walk, { topics, nodeEndpoints }))).toEqual(frame)
      }),
      { numRuns: 50 },
    )
  })

  it('writes what the edit says', () => {
    const changes = fc.infiniteStream(fc.constantFrom('keep', 'drop', 'deny', 'withhold', 'replace', 'mark'))
    fc.assert(
      fc.property(responses(version), changes, fc.boolean(), (response, choices, reversed) => {
        const frame = encodeResponse(fetch, version, correlationId, response)
        const walk = walkFetchResponse(frame, 4, version)
        const topics: FetchTopicEdit[] = []
        const intended: FetchResponse['responses'] = []
        walk.topics.forEach((topic, at) => {
          const edits: FetchPartitionEdit[] = []
          const partitions: Partition[] = []
          topic.partitions.forEach((from, index) => {
            const change = applied(choices.next().value ?? 'keep', from, response.responses[at]!.partitions[index]!)
            if (change === undefined) return
            edits.push(change.edit)
            partitions.push(change.partition)
          })
          topics.push({ topic, partitions: edits })
          intended.push({ ...response.responses[at]!, partitions })
        })
        const added = version < 13 ? { name: 'added' } : { topicId: Buffer.alloc(16, 5).toString('base64url') }
        topics.push({ topic: added, partitions: [{ index: 4, errorCode: 29 }] })
        const addition = {
          topic: version < 13 ? 'added' : '',
          topicId: 'topicId' in added ? added.topicId : 'A'.repeat(22),
        }
        const nodeEndpoints = version >= 16 ? [{ nodeId: 3, host: 'gateway', port: 19_092, rack: null }] : []
        if (reversed) topics.reverse()
        const output = Buffer.concat(writeFetchResponse(frame, walk, { topics, nodeEndpoints, sessionId: 17 }))
        // Encoding what is meant gives the same bytes, so nothing else has changed either.
        const rest = encodeResponse(fetch, version, correlationId, {
          ...response,
          sessionId: version < 7 ? 0 : 17,
          nodeEndpoints,
          responses: ordered([...intended, { ...addition, partitions: [statedPartition(4, 29)] }], reversed),
        })
        expect(output).toEqual(rest)
        expect(output.readInt32BE(0)).toBe(output.length - 4)
      }),
      { numRuns: 80 },
    )
  })

  it('refuses a response cut anywhere, and one with bytes too many', () => {
    const frame = encodeResponse(fetch, version, correlationId, sample(version, batchOf({ baseOffset: 4, count: 2 })))
    expect(walkFetchResponse(frame, 4, version).topics).toHaveLength(1)
    for (let end = 4; end < frame.length; end += 1) {
      expect(() => walkFetchResponse(frame.subarray(0, end), 4, version)).toThrowError(KafkaProtocolError)
    }
    expect(() => walkFetchResponse(Buffer.concat([frame, Buffer.alloc(1)]), 4, version)).toThrowError(
      KafkaProtocolError,
    )
  })
})

function ordered<T>(elements: T[], reversed: boolean): T[] {
  return reversed ? elements.toReversed() : elements
}

function readable(frame: Buffer, partition: FetchedPartition) {
  const {
    index,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions,
    preferredReadReplica,
  } = partition
  const records = frame.toString('hex', partition.recordsStart, partition.recordsEnd)
  return {
    index,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions,
    preferredReadReplica,
    records,
  }
}

function expectation(partition: Partition) {
  return {
    index: partition.partitionIndex,
    errorCode: partition.errorCode,
    highWatermark: Number(partition.highWatermark),
    lastStableOffset: Number(partition.lastStableOffset),
    logStartOffset: Number(partition.logStartOffset),
    abortedTransactions: partition.abortedTransactions?.length ?? 0,
    preferredReadReplica: partition.preferredReadReplica,
    records: partition.records?.toString('hex') ?? '',
  }
}

const replacement = [Buffer.from('other '), Buffer.alloc(0), Buffer.from('records')]

function applied(
  change: string,
  from: FetchedPartition,
  came: Partition,
): { edit: FetchPartitionEdit; partition: Partition } | undefined {
  switch (change) {
    case 'drop':
      return undefined
    case 'deny': {
      const blank = { lastStableOffset: -1n, logStartOffset: -1n, preferredReadReplica: -1 }
      const leaders = {
        divergingEpoch: { epoch: -1, endOffset: -1n },
        currentLeader: { leaderId: -1, leaderEpoch: -1 },
      }
      const snapshotId = { endOffset: -1n, epoch: -1 }
      return {
        edit: { index: from.index, errorCode: 29 },
        partition: { ...statedPartition(from.index, 29), ...blank, ...leaders, snapshotId },
      }
    }
    case 'withhold':
      return { edit: { from, records: [] }, partition: { ...came, records: Buffer.alloc(0) } }
    case 'replace':
      return {
        edit: { from, records: replacement, errorCode: 0 },
        partition: { ...came, records: Buffer.concat(replacement), errorCode: 0 },
      }
    case 'mark':
      return { edit: { from, errorCode: 2 }, partition: { ...came, errorCode: 2 } }
    default:
      return { edit: { from }, partition: came }
  }
}

function sample(version: number, records: Buffer, partitions = 1) {
  const identity = version < 13 ? { topic: 'orders' } : { topicId: Buffer.alloc(16, 1).toString('base64url') }
  const partition = (partitionIndex: number) => ({
    partitionIndex,
    errorCode: 0,
    highWatermark: 6n,
    abortedTransactions: [{ producerId: 1n, firstOffset: 2n }],
    records,
  })
  return {
    errorCode: 0,
    responses: [{ ...identity, partitions: Array.from({ length: partitions }, (_, index) => partition(index)) }],
  }
}

describe('walkFetchResponse', () => {
  it('leads to the offsets of the records', () => {
    const frame = encodeResponse(fetch, 17, correlationId, sample(17, batchOf({ baseOffset: 4, count: 2 })))
    const { recordsStart, recordsEnd } = walkFetchResponse(frame, 4, 17).topics[0]!.partitions[0]!
    expect(deliveredRuns(frame, recordsStart, recordsEnd)).toMatchObject({ firstOffset: 4, lastOffset: 5, records: 2 })
  })

  it('refuses a position beyond 2^53, a count that the bytes cannot hold, and a version without a table', () => {
    const frame = encodeResponse(fetch, 11, correlationId, sample(11, Buffer.alloc(0)))
    const { topicsStart, topics } = walkFetchResponse(frame, 4, 11)
    const far = Buffer.from(frame)
    far.writeBigInt64BE(2n ** 53n, topics[0]!.partitions[0]!.start + 6)
    expect(() => walkFetchResponse(far, 4, 11)).toThrowError(/2\^53/)
    frame.writeInt32BE(0x7fff_ffff, topicsStart)
    expect(() => walkFetchResponse(frame, 4, 11)).toThrowError(/2147483647 elements/)
    expect(() => walkFetchResponse(frame, 4, 3)).toThrowError(/no table for version 3/)
    expect(() => walkFetchResponse(frame, 4, 19)).toThrowError(/no table for version 19/)
  })
})

describe('writeFetchResponse', () => {
  it('does not copy records', () => {
    const frame = encodeResponse(
      fetch,
      17,
      correlationId,
      sample(17, batchOf({ baseOffset: 4, count: 100, valueBytes: 100 }), 3),
    )
    const walk = walkFetchResponse(frame, 4, 17)
    const [first, second, third] = walk.topics[0]!.partitions
    const partitions = [{ from: first! }, { from: second! }, { from: third!, records: [] }]
    const output = writeFetchResponse(frame, walk, { topics: [{ topic: walk.topics[0]!, partitions }] })
    expect(output.map(({ buffer }) => buffer === frame.buffer)).toEqual([false, true, false])
    // Neighbours in the frame stay one buffer, here with the index of the third.
    expect(output[1]!.length).toBe(second!.end - first!.start + 4)
    expect(
      decoded(Buffer.concat(output), 17).responses[0]!.partitions.map(({ records }) => records!.length > 0),
    ).toEqual([true, true, false])
  })

  it('refuses what the version cannot carry', () => {
    const old = encodeResponse(fetch, 11, correlationId, sample(11, Buffer.alloc(0)))
    const walk = walkFetchResponse(old, 4, 11)
    const nodeEndpoints = [{ nodeId: 1, host: 'x', port: 1, rack: null }]
    expect(() => writeFetchResponse(old, walk, { topics: [], nodeEndpoints })).toThrowError(KafkaProtocolError)
    expect(() => writeFetchResponse(old, walk, { topics: [{ topic: { topicId: 'x' }, partitions: [] }] })).toThrowError(
      KafkaProtocolError,
    )
    const young = encodeResponse(fetch, 14, correlationId, sample(14, Buffer.alloc(0)))
    const youngWalk = walkFetchResponse(young, 4, 14)
    expect(() => writeFetchResponse(young, youngWalk, { topics: [], nodeEndpoints })).toThrowError(KafkaProtocolError)
    expect(() =>
      writeFetchResponse(young, youngWalk, { topics: [{ topic: { name: 'x' }, partitions: [] }] }),
    ).toThrowError(KafkaProtocolError)
  })
})
