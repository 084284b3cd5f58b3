/** The classic group protocol: READ on the group. What the members say to each other is theirs; the broker does not look at it either. */
import { errorCode, heartbeat, joinGroup, leaveGroup, syncGroup } from '@weir/kafka-protocol'
import { enforceElements } from './element.ts'
import type { Call } from './enforcement.ts'
import { onGroup } from './operations.ts'

const refusedCode = errorCode.GROUP_AUTHORIZATION_FAILED

export const joinGroupEnforcement = enforceElements({
  api: joinGroup,
  versions: [0, 9],
  describe: (request) => [onGroup('consume', request.groupId)],
  refuse: (_request, _verdict, call) => ({
    errorCode: refusedCode,
    generationId: -1,
    protocolName: call.version >= 7 ? null : '',
    leader: '',
    memberId: '',
    members: [],
  }),
  admitted: (request, call) => sawGroup(call, request.groupId),
})

export const syncGroupEnforcement = enforceElements({
  api: syncGroup,
  versions: [0, 5],
  describe: (request) => [onGroup('consume', request.groupId)],
  refuse: () => ({ errorCode: refusedCode, assignment: Buffer.alloc(0) }),
})

export const heartbeatEnforcement = enforceElements({
  api: heartbeat,
  versions: [0, 4],
  describe: (request) => [onGroup('consume', request.groupId)],
  refuse: () => ({ errorCode: refusedCode }),
})

export const leaveGroupEnforcement = enforceElements({
  api: leaveGroup,
  versions: [0, 5],
  describe: (request) => [onGroup('consume', request.groupId)],
  refuse: () => ({ errorCode: refusedCode, members: [] }),
})

/** Remembers the group, so that this client's fetches are recorded with it. */
export function sawGroup(call: Call, groupId: string): void {
  const { principal, admission } = call.session
  call.services.groups.saw(principal, call.header.clientId, admission.peer.address, groupId)
}
