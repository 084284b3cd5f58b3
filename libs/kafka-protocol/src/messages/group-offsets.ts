import { api, array, bool, int16, int32, int64, string, uuid } from '../schema.ts'

/** OffsetCommit (member epochs KIP-848; topic ids from version 10). */
export const offsetCommit = api(
  8,
  'OffsetCommit',
  { versions: [2, 10], flexible: 8 },
  {
    request: {
      groupId: string(),
      generationIdOrMemberEpoch: int32({ default: -1, ignorable: true }),
      memberId: string({ ignorable: true }),
      groupInstanceId: string({ since: 7, nullable: 7, default: null }),
      retentionTimeMs: int64({ until: 4, default: -1n, ignorable: true }),
      topics: array({
        name: string({ until: 9, ignorable: true }),
        topicId: uuid({ since: 10, ignorable: true }),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ since: 6, default: -1, ignorable: true }),
          committedMetadata: string({ nullable: 0 }),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ since: 3, ignorable: true }),
      topics: array({
        name: string({ until: 9, ignorable: true }),
        topicId: uuid({ since: 10, ignorable: true }),
        partitions: array({ partitionIndex: int32(), errorCode: int16() }),
      }),
    },
  },
)

/** OffsetFetch: one group up to version 7, a batch of groups after it (KIP-709; topic ids from version 10). */
export const offsetFetch = api(
  9,
  'OffsetFetch',
  { versions: [1, 10], flexible: 6 },
  {
    request: {
      groupId: string({ until: 7 }),
      topics: array({ name: string(), partitionIndexes: array(int32()) }, { until: 7, nullable: 2 }),
      groups: array(
        {
          groupId: string(),
          memberId: string({ since: 9, nullable: 9, default: null, ignorable: true }),
          memberEpoch: int32({ since: 9, default: -1, ignorable: true }),
          topics: array(
            {
              name: string({ until: 9, ignorable: true }),
              topicId: uuid({ since: 10, ignorable: true }),
              partitionIndexes: array(int32()),
            },
            { nullable: 8 },
          ),
        },
        { since: 8 },
      ),
      requireStable: bool({ since: 7, default: false }),
    },
    response: {
      throttleTimeMs: int32({ since: 3, ignorable: true }),
      topics: array(
        {
          name: string(),
          partitions: array({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ since: 5, default: -1, ignorable: true }),
            metadata: string({ nullable: 0 }),
            errorCode: int16(),
          }),
        },
        { until: 7 },
      ),
      errorCode: int16({ since: 2, until: 7, default: 0, ignorable: true }),
      groups: array(
        {
          groupId: string(),
          topics: array({
            name: string({ until: 9, ignorable: true }),
            topicId: uuid({ since: 10, ignorable: true }),
            partitions: array({
              partitionIndex: int32(),
              committedOffset: int64(),
              committedLeaderEpoch: int32({ default: -1, ignorable: true }),
              metadata: string({ nullable: 8 }),
              errorCode: int16(),
            }),
          }),
          errorCode: int16({ default: 0 }),
        },
        { since: 8 },
      ),
    },
  },
)
