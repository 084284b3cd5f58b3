import { describeCluster, errorCode } from '@weir/kafka-protocol'
import { clusterOperations, operationsOmitted } from './authorized-operations.ts'
import { enforceElements } from './element.ts'
import { isAllowed } from './enforcement.ts'
import { onCluster } from './operations.ts'

/** Needs no right on a broker. Without DESCRIBE on the cluster the permitted operations are 0. */
export const describeClusterEnforcement = enforceElements({
  api: describeCluster,
  versions: [0, 2],
  describe: () => [],
  refuse: () => 'close',
  async rewriteResponse(request, response, _verdict, call) {
    if (response.errorCode !== errorCode.NONE) return response
    const { addresses, cluster, guard } = call.services
    const nodes = response.brokers.map((broker) => ({ ...broker, nodeId: broker.brokerId }))
    await cluster.learnBrokers(nodes)
    const mayDescribe = isAllowed(guard.decide(call.session, onCluster('describe')))
    return {
      ...response,
      brokers: nodes.map((node) => addresses.rewrite(node)),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? mayDescribe
          ? clusterOperations(call)
          : 0
        : operationsOmitted,
    }
  },
})
