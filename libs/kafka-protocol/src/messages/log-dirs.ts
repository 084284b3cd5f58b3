import { api, array, bool, int16, int32, int64, string } from '../schema.ts'

/** AlterReplicaLogDirs: moves replicas between the folders of one broker (KIP-113). */
export const alterReplicaLogDirs = api(
  34,
  'AlterReplicaLogDirs',
  { versions: [1, 2], flexible: 2 },
  {
    request: { dirs: array({ path: string(), topics: array({ name: string(), partitions: array(int32()) }) }) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        topicName: string(),
        partitions: array({ partitionIndex: int32(), errorCode: int16() }),
      }),
    },
  },
)

/** DescribeLogDirs (volume sizes KIP-827; cordoned folders KIP-1066). */
export const describeLogDirs = api(
  35,
  'DescribeLogDirs',
  { versions: [1, 5], flexible: 2 },
  {
    request: { topics: array({ topic: string(), partitions: array(int32()) }, { nullable: 0 }) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16({ since: 3, ignorable: true }),
      results: array({
        errorCode: int16(),
        logDir: string(),
        topics: array({
          name: string(),
          partitions: array({
            partitionIndex: int32(),
            partitionSize: int64(),
            offsetLag: int64(),
            isFutureKey: bool(),
          }),
        }),
        totalBytes: int64({ since: 4, default: -1n, ignorable: true }),
        usableBytes: int64({ since: 4, default: -1n, ignorable: true }),
        isCordoned: bool({ since: 5, default: false, ignorable: true }),
      }),
    },
  },
)
