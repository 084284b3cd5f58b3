import { api, array, int16, int32, int64, records, string, struct, uuid } from '../schema.ts'
import { leaderIdAndEpoch, nodeEndpoint } from './leadership.ts'

/** Produce (leader hints KIP-951; topic ids KIP-516). Versions 0 to 2 are advertised by brokers and refused by them. */
export const produce = api(
  0,
  'Produce',
  { versions: [3, 13], flexible: 9 },
  {
    request: {
      transactionalId: string({ nullable: 3, default: null }),
      acks: int16(),
      timeoutMs: int32(),
      topicData: array({
        name: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitionData: array({ index: int32(), records: records({ nullable: 0 }) }),
      }),
    },
    response: {
      responses: array({
        name: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitionResponses: array({
          index: int32(),
          errorCode: int16(),
          baseOffset: int64(),
          logAppendTimeMs: int64({ default: -1n, ignorable: true }),
          logStartOffset: int64({ since: 5, default: -1n, ignorable: true }),
          recordErrors: array(
            { batchIndex: int32(), batchIndexErrorMessage: string({ nullable: 8, default: null }) },
            { since: 8, ignorable: true },
          ),
          errorMessage: string({ since: 8, nullable: 8, default: null, ignorable: true }),
          currentLeader: struct(leaderIdAndEpoch, { since: 10, tag: 0 }),
        }),
      }),
      throttleTimeMs: int32({ default: 0, ignorable: true }),
      nodeEndpoints: array(nodeEndpoint, { since: 10, tag: 0 }),
    },
  },
)
