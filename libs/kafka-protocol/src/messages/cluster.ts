import { api, array, bool, int16, int32, int8, string } from '../schema.ts'

const acknowledgement = {
  throttleTimeMs: int32({ default: 0 }),
  errorCode: int16(),
  errorMessage: string({ nullable: 0 }),
}

/** The value of `clusterAuthorizedOperations` that says "not asked for" (KIP-430). */
const operationsNotAsked = -2_147_483_648

/** DescribeCluster (KIP-700; controller endpoints KIP-919; fenced brokers KIP-1073). */
export const describeCluster = api(
  60,
  'DescribeCluster',
  { versions: [0, 2], flexible: 0 },
  {
    request: {
      includeClusterAuthorizedOperations: bool(),
      endpointType: int8({ since: 1, default: 1 }),
      includeFencedBrokers: bool({ since: 2 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
      endpointType: int8({ since: 1, default: 1 }),
      clusterId: string(),
      controllerId: int32({ default: -1 }),
      brokers: array({
        brokerId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: 0, default: null }),
        isFenced: bool({ since: 2 }),
      }),
      clusterAuthorizedOperations: int32({ default: operationsNotAsked }),
    },
  },
)

/** UnregisterBroker (KIP-500, KRaft only). */
export const unregisterBroker = api(
  64,
  'UnregisterBroker',
  { versions: [0, 0], flexible: 0 },
  {
    request: { brokerId: int32() },
    response: acknowledgement,
  },
)

/** UnregisterController (KIP-1312, since Kafka 4.4). */
export const unregisterController = api(
  94,
  'UnregisterController',
  { versions: [0, 0], flexible: 0 },
  {
    request: { controllerId: int32() },
    response: acknowledgement,
  },
)
