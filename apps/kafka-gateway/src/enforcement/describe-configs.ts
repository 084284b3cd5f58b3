import { describeConfigs, errorCode } from '@weir/kafka-protocol'
import type { RequestOf, ResponseOf } from '@weir/kafka-protocol'
import { enforceElements } from './element.ts'
import type { Verdict } from './element.ts'
import { adminRefusal } from './enforcement.ts'
import { configsScope, faultCode, invalid, onCluster, onGroup, onTopic } from './operations.ts'
import { inRequestOrder } from './request-order.ts'

type Asked = RequestOf<typeof describeConfigs>['resources'][number]
type Described = ResponseOf<typeof describeConfigs>['results'][number]

/** ConfigResource types. */
const type = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 }
const clusterTypes: readonly number[] = [type.broker, type.brokerLogger, type.clientMetrics]
const knownTypes: readonly number[] = [type.topic, type.group, ...clusterTypes]

/** Settings of a broker that hold addresses behind the gateway. */
const innerAddress = /listener|controller\.quorum|\.hosts?$|^host\.|zookeeper|^rack|log\.dir/

/** DESCRIBE_CONFIGS on the topic, the group, or for everything that is a broker's on the cluster. */
export const describeConfigsEnforcement = enforceElements({
  api: describeConfigs,
  versions: [1, 4],
  describe(request) {
    // One unknown type, and a broker answers nothing of the whole request.
    const unknown = request.resources.find((resource) => !knownTypes.includes(resource.resourceType))
    return request.resources.map((resource) => {
      if (unknown !== undefined) {
        return invalid(onCluster('describe', configsScope), `No resource has the type ${unknown.resourceType}.`)
      }
      if (resource.resourceType === type.topic) {
        return { ...onTopic('describe', resource.resourceName), attributes: configsScope }
      }
      if (resource.resourceType === type.group) return onGroup('describe', resource.resourceName, configsScope)
      return onCluster('describe', configsScope)
    })
  },
  refuse(request, verdict) {
    if (request.resources.some((_, index) => !verdict.denial(index))) return 'partial'
    return {
      throttleTimeMs: 0,
      results: request.resources.map((asked, index) => refusedConfigs(asked, verdict, index)),
    }
  },
  rewriteRequest(request, verdict) {
    const resources = request.resources.filter((_, index) => !verdict.denial(index))
    return resources.length === request.resources.length ? request : { ...request, resources }
  },
  rewriteResponse(request, response, verdict) {
    const shown = response.results.map(withoutInnerAddresses)
    const results = inRequestOrder(request.resources, shown, {
      isSame: (answer, asked) =>
        answer.resourceType === asked.resourceType && answer.resourceName === asked.resourceName,
      refused: (asked, index) => (verdict.denial(index) ? [refusedConfigs(asked, verdict, index)] : undefined),
    })
    return { ...response, results }
  },
})

function withoutInnerAddresses(result: Described): Described {
  if (result.resourceType !== type.broker) return result
  const configs = result.configs.map((config) =>
    innerAddress.test(config.name) ? { ...config, value: null, isSensitive: true, synonyms: [] } : config,
  )
  return { ...result, configs }
}

function refusedConfigs(asked: Asked, verdict: Verdict, index: number): Described {
  const { resourceType, resourceName } = asked
  const denial = verdict.denial(index)
  const fault = denial === undefined ? undefined : faultCode(denial.decision)
  if (fault !== undefined) {
    return { errorCode: fault, errorMessage: denial?.decision.reason ?? null, resourceType, resourceName, configs: [] }
  }
  const code = clusterTypes.includes(asked.resourceType)
    ? errorCode.CLUSTER_AUTHORIZATION_FAILED
    : asked.resourceType === type.group
      ? errorCode.GROUP_AUTHORIZATION_FAILED
      : errorCode.TOPIC_AUTHORIZATION_FAILED
  return { ...adminRefusal(denial, code), resourceType, resourceName, configs: [] }
}
