export { actions, durabilities, gatewayIdPattern, principalKey, protocols, recordLevels, resource } from './words.ts'
export type {
  Action,
  Actor,
  Decision,
  Durability,
  Obligations,
  Operation,
  Peer,
  Principal,
  Protocol,
  RecordLevel,
  Refusal,
  Resource,
} from './words.ts'
export type {
  AccessTotals,
  AuthenticationRefused,
  Denied,
  EvidenceEvent,
  KafkaAccess,
  OperationDone,
  Recorded,
  Recorder,
  SealedSegment,
  SegmentHeader,
  SequencedEvent,
  SessionEnded,
  SessionStarted,
} from './evidence.ts'
export { bundleSchema, signedBundleSchema } from './bundle.ts'
export type { Bundle, KeyVerifier, SignedBundle } from './bundle.ts'
export { errorBodySchema } from './api.ts'
export type {
  Access,
  ErrorBody,
  EvidenceEntry,
  Explanation,
  ExplainQuery,
  Gateway,
  Heartbeat,
  Key,
  NewKey,
  Person,
  PolicyRevision,
  SegmentAnswer,
  SessionView,
  Whoami,
} from './api.ts'
export { routes } from './routes.ts'
export type { Route, RouteName } from './routes.ts'
