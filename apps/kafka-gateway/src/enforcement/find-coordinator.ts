import { errorCode, findCoordinator } from '@weir/kafka-protocol'
import type { RequestOf, ResponseOf } from '@weir/kafka-protocol'
import { enforceElements } from './element.ts'
import type { Verdict } from './element.ts'
import { refusalText } from './enforcement.ts'
import { onGroup, onTransactionalId, onlyForBrokers, refused } from './operations.ts'

type Request = RequestOf<typeof findCoordinator>
type Coordinator = ResponseOf<typeof findCoordinator>['coordinators'][number]

const keyType = { group: 0, transaction: 1 }
/** From here on one request asks for several coordinators. */
const batchVersion = 4

/** The coordinator of a group or a transactional id: DESCRIBE on it. Share-state coordinators are the brokers' own affair. */
export const findCoordinatorEnforcement = enforceElements({
  api: findCoordinator,
  versions: [0, 6],
  describe: (request, call) =>
    keysOf(request, call.version).map((key) => {
      if (request.keyType === keyType.group) return onGroup('describe', key)
      if (request.keyType === keyType.transaction)
        return refused(
          onTransactionalId('describe', key),
          'gateway.no-transactions',
          'Transactions are not served yet.',
        )
      return onlyForBrokers()
    }),
  refuse(request, verdict, call) {
    const refused = keysOf(request, call.version).map((key, index) => refusedCoordinator(request, key, verdict, index))
    if (call.version < batchVersion) {
      const { errorCode: code, errorMessage } = refused[0] as Coordinator
      return { errorCode: code, errorMessage, nodeId: -1, host: '', port: -1 }
    }
    return refused.every((_, index) => verdict.denial(index)) ? { coordinators: refused } : 'partial'
  },
  rewriteRequest(request, verdict, call) {
    const isPartial = keysOf(request, call.version).some((_, index) => verdict.denial(index))
    if (!isPartial) return request
    return { ...request, coordinatorKeys: request.coordinatorKeys.filter((_, index) => !verdict.denial(index)) }
  },
  async rewriteResponse(request, response, verdict, call) {
    const { addresses, cluster } = call.services
    if (call.version < batchVersion) {
      if (response.nodeId < 0) return response
      await cluster.learnBrokers([response])
      return addresses.rewrite(response)
    }
    await cluster.learnBrokers(response.coordinators.filter((c) => c.nodeId >= 0))
    const answered = new Map(response.coordinators.map((c) => [c.key, addresses.rewrite(c)]))
    const coordinators = request.coordinatorKeys.flatMap((key, index) =>
      verdict.denial(index) ? refusedCoordinator(request, key, verdict, index) : (answered.get(key) ?? []),
    )
    return { ...response, coordinators }
  },
})

function keysOf(request: Request, version: number): readonly string[] {
  return version < batchVersion ? [request.key] : request.coordinatorKeys
}

function refusedCoordinator(request: Request, key: string, verdict: Verdict, index: number): Coordinator {
  const denial = verdict.denial(index)
  const code =
    request.keyType === keyType.group
      ? errorCode.GROUP_AUTHORIZATION_FAILED
      : request.keyType === keyType.transaction
        ? errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        : errorCode.INVALID_REQUEST
  return {
    key,
    nodeId: -1,
    host: '',
    port: -1,
    errorCode: code,
    errorMessage: denial === undefined ? null : refusalText(denial),
  }
}
