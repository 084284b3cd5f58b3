/**
 * InitProducerId without a transactional id: IDEMPOTENT_WRITE on the cluster, or WRITE on at least one topic, as in Kafka.
 * Transactions are not served yet, so a transactional id is refused.
 */
import { errorCode, initProducerId } from '@weir/kafka-protocol'
import { enforceElements } from './element.ts'
import { onCluster, onTopic, onTransactionalId, refused } from './operations.ts'
import type { Described } from './operations.ts'
import type { Call } from './enforcement.ts'

export const initProducerIdEnforcement = enforceElements({
  api: initProducerId,
  versions: [0, 5],
  describe: (request, call) => [
    request.transactionalId === null
      ? idempotentWrite(call)
      : refused(
          onTransactionalId('publish', request.transactionalId),
          'gateway.no-transactions',
          'Transactions are not served yet.',
        ),
  ],
  refuse: (request) => ({
    throttleTimeMs: 0,
    errorCode:
      request.transactionalId === null
        ? errorCode.CLUSTER_AUTHORIZATION_FAILED
        : errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    producerId: -1n,
    producerEpoch: -1,
  }),
})

function idempotentWrite(call: Call): Described {
  const onAny = call.services.guard.allowsAny(call.session, 'publish', 'kafka:topic:')
  const operation = onCluster('publish')
  if (!onAny) return operation
  const obligations = { mask: [], record: 'meta', durability: 'buffered' } as const
  return {
    ...onTopic('publish', ''),
    fixed: { effect: 'allow', ruleId: 'kafka.any-topic', policyRevision: '', reason: undefined, obligations },
  }
}
