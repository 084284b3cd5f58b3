import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messageArbitrary } from '../../test/arbitrary.ts'
import { encodeResponse } from '../codec.ts'
import { KafkaProtocolError } from '../protocol-error.ts'
import type { ResponseOf } from '../schema.ts'
import { produce } from '../tables.ts'
import { walkProduceResponse } from './produce-response.ts'

type ProduceResponse = ResponseOf<typeof produce>

const versions = Array.from({ length: 11 }, (_, index) => index + 3)
const correlationId = 99

/** Any response of the version; offsets as far as they can be read exactly. */
function responses(version: number): fc.Arbitrary<ProduceResponse> {
  return messageArbitrary(produce, version, 'response').map((value) => {
    const response = value as unknown as ProduceResponse
    return {
      ...response,
      responses: response.responses.map((topic) => ({
        ...topic,
        partitionResponses: topic.partitionResponses.map((partition) => ({
          ...partition,
          baseOffset: BigInt.asIntN(53, partition.baseOffset),
        })),
      })),
    }
  })
}

describe.each(versions)('Produce response version %i', (version) => {
  it('walks to what the codec decodes', () => {
    fc.assert(
      fc.property(responses(version), (response) => {
        const walk = walkProduceResponse(encodeResponse(produce, version, correlationId, response), 4, version)
        expect(walk.correlationId).toBe(correlationId)
        expect(walk.topics).toEqual(
          response.responses.map((topic) => ({
            name: version < 13 ? topic.name : undefined,
            topicId: version < 13 ? undefined : topic.topicId,
            partitions: topic.partitionResponses.map(({ index, errorCode, baseOffset }) => ({
              index,
              errorCode,
              baseOffset: Number(baseOffset),
            })),
          })),
        )
        expect(walk.endsWithTags).toBe(response.nodeEndpoints.length > 0 || (response.unknownTags ?? []).length > 0)
      }),
    )
  })

  it('refuses a response that is cut off anywhere or goes on', () => {
    fc.assert(
      fc.property(
        responses(version),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (response, part) => {
          const frame = encodeResponse(produce, version, correlationId, response)
          const cut = frame.subarray(0, 4 + Math.floor((frame.length - 4) * part))
          expect(() => walkProduceResponse(cut, 4, version)).toThrow(KafkaProtocolError)
          expect(() => walkProduceResponse(Buffer.concat([frame, Buffer.of(0)]), 4, version)).toThrow(
            KafkaProtocolError,
          )
        },
      ),
    )
  })
})

it('knows no other versions', () => {
  for (const version of [2, 14]) expect(() => walkProduceResponse(Buffer.alloc(64), 4, version)).toThrow(/no table/)
})
