export { apiByKey, apis } from './apis.ts'
export {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  hasFlexibleResponseHeader,
  isFlexible,
  readRequestHeader,
  type RequestHeader,
} from './codec.ts'
export { errorCode, errorName, type ErrorName } from './errors.ts'
export { FrameAssembler, type Frame, type FrameAssemblerOptions } from './framing.ts'
export { KafkaProtocolError, type KafkaProtocolFault } from './protocol-error.ts'
export { newBatchHeader, readBatchHeader, verifyBatchChecksum, type BatchHeader } from './records/batch-header.ts'
export { blankPartialBatch, deliveredRuns, type DeliveredRuns } from './records/delivered-runs.ts'
export type {
  Api,
  Field,
  FieldOptions,
  Fields,
  RequestInputOf,
  RequestOf,
  ResponseInputOf,
  ResponseOf,
  UnknownTag,
  WireType,
} from './schema.ts'
export { SlabPool, type SlabPoolOptions } from './slabs.ts'
export * from './tables.ts'
export {
  writeFetchResponse,
  type FetchPartitionEdit,
  type FetchResponseEdit,
  type FetchTopicEdit,
} from './walkers/fetch-response-edit.ts'
export {
  walkFetchResponse,
  type FetchResponseWalk,
  type FetchedPartition,
  type FetchedTopic,
  type NodeEndpoint,
} from './walkers/fetch-response.ts'
export {
  filterProduceRequest,
  walkProduceRequest,
  type ProduceRequestWalk,
  type ProducedBatch,
  type ProducedPartition,
  type ProducedTopic,
} from './walkers/produce-request.ts'
export {
  walkProduceResponse,
  type AnsweredPartition,
  type AnsweredTopic,
  type ProduceResponseWalk,
} from './walkers/produce-response.ts'
