import { api, array, bool, bytes, int16, int32, int8, string } from '../schema.ts'

const throttleTimeMs = int32({ since: 1, ignorable: true })

/** FindCoordinator: one key up to version 3, a batch of keys after it (KIP-699). Key type 0 group, 1 transaction, 2 share. */
export const findCoordinator = api(
  10,
  'FindCoordinator',
  { versions: [0, 6], flexible: 3 },
  {
    request: {
      key: string({ until: 3 }),
      keyType: int8({ since: 1, default: 0 }),
      coordinatorKeys: array(string(), { since: 4 }),
    },
    response: {
      throttleTimeMs,
      errorCode: int16({ until: 3 }),
      errorMessage: string({ since: 1, until: 3, nullable: 1, ignorable: true }),
      nodeId: int32({ until: 3 }),
      host: string({ until: 3 }),
      port: int32({ until: 3 }),
      coordinators: array(
        {
          key: string(),
          nodeId: int32(),
          host: string(),
          port: int32(),
          errorCode: int16(),
          errorMessage: string({ nullable: 4, ignorable: true }),
        },
        { since: 4 },
      ),
    },
  },
)

/** JoinGroup (static membership KIP-345; reasons KIP-800; skipped assignment KIP-814). */
export const joinGroup = api(
  11,
  'JoinGroup',
  { versions: [0, 9], flexible: 6 },
  {
    request: {
      groupId: string(),
      sessionTimeoutMs: int32(),
      rebalanceTimeoutMs: int32({ since: 1, default: -1, ignorable: true }),
      memberId: string(),
      groupInstanceId: string({ since: 5, nullable: 5, default: null }),
      protocolType: string(),
      protocols: array({ name: string(), metadata: bytes() }),
      reason: string({ since: 8, nullable: 8, default: null, ignorable: true }),
    },
    response: {
      throttleTimeMs: int32({ since: 2, ignorable: true }),
      errorCode: int16(),
      generationId: int32({ default: -1 }),
      protocolType: string({ since: 7, nullable: 7, default: null, ignorable: true }),
      protocolName: string({ nullable: 7 }),
      leader: string(),
      skipAssignment: bool({ since: 9, default: false }),
      memberId: string(),
      members: array({
        memberId: string(),
        groupInstanceId: string({ since: 5, nullable: 5, default: null, ignorable: true }),
        metadata: bytes(),
      }),
    },
  },
)

/** Heartbeat of a member of a classic group. */
export const heartbeat = api(
  12,
  'Heartbeat',
  { versions: [0, 4], flexible: 4 },
  {
    request: {
      groupId: string(),
      generationId: int32(),
      memberId: string(),
      groupInstanceId: string({ since: 3, nullable: 3, default: null }),
    },
    response: { throttleTimeMs, errorCode: int16() },
  },
)

/** LeaveGroup: one member up to version 2, a batch after it (KIP-345). */
export const leaveGroup = api(
  13,
  'LeaveGroup',
  { versions: [0, 5], flexible: 4 },
  {
    request: {
      groupId: string(),
      memberId: string({ until: 2 }),
      members: array(
        {
          memberId: string(),
          groupInstanceId: string({ nullable: 3, default: null }),
          reason: string({ since: 5, nullable: 5, default: null, ignorable: true }),
        },
        { since: 3 },
      ),
    },
    response: {
      throttleTimeMs,
      errorCode: int16(),
      members: array(
        { memberId: string(), groupInstanceId: string({ nullable: 3 }), errorCode: int16() },
        { since: 3 },
      ),
    },
  },
)

/** SyncGroup: the leader hands out the assignments, everybody else gets theirs. */
export const syncGroup = api(
  14,
  'SyncGroup',
  { versions: [0, 5], flexible: 4 },
  {
    request: {
      groupId: string(),
      generationId: int32(),
      memberId: string(),
      groupInstanceId: string({ since: 3, nullable: 3, default: null }),
      protocolType: string({ since: 5, nullable: 5, default: null, ignorable: true }),
      protocolName: string({ since: 5, nullable: 5, default: null, ignorable: true }),
      assignments: array({ memberId: string(), assignment: bytes() }),
    },
    response: {
      throttleTimeMs,
      errorCode: int16(),
      protocolType: string({ since: 5, nullable: 5, default: null, ignorable: true }),
      protocolName: string({ since: 5, nullable: 5, default: null, ignorable: true }),
      assignment: bytes(),
    },
  },
)

/** DescribeGroups (authorized operations KIP-430; error messages KIP-1043). */
export const describeGroups = api(
  15,
  'DescribeGroups',
  { versions: [0, 6], flexible: 5 },
  {
    request: { groups: array(string()), includeAuthorizedOperations: bool({ since: 3 }) },
    response: {
      throttleTimeMs,
      groups: array({
        errorCode: int16(),
        errorMessage: string({ since: 6, nullable: 6, default: null }),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: array({
          memberId: string(),
          groupInstanceId: string({ since: 4, nullable: 4, default: null, ignorable: true }),
          clientId: string(),
          clientHost: string(),
          memberMetadata: bytes(),
          memberAssignment: bytes(),
        }),
        authorizedOperations: int32({ since: 3, default: -0x8000_0000 }),
      }),
    },
  },
)

/** ListGroups (states KIP-518; types KIP-848). */
export const listGroups = api(
  16,
  'ListGroups',
  { versions: [0, 5], flexible: 3 },
  {
    request: { statesFilter: array(string(), { since: 4 }), typesFilter: array(string(), { since: 5 }) },
    response: {
      throttleTimeMs,
      errorCode: int16(),
      groups: array({
        groupId: string(),
        protocolType: string(),
        groupState: string({ since: 4, ignorable: true }),
        groupType: string({ since: 5, ignorable: true }),
      }),
    },
  },
)
