/** The rights of the principals that the broker's ACLs and the policy of the gateway both give, from one list. */
import type { RequestInputOf, createAcls } from '@weir/kafka-protocol'
import type { Action } from '@weir/contracts'

export const principals = ['all', 'none', 'mixed', 'operator'] as const
export type PrincipalName = (typeof principals)[number]

type Grant = {
  readonly who: PrincipalName
  readonly kind: 'topic' | 'group' | 'cluster' | 'transactional-id'
  /** A name, or a prefix with `*` at its end. */
  readonly name: string
  readonly actions: readonly Action[]
  readonly effect?: 'deny'
  /** `describe` means DESCRIBE_CONFIGS alone. */
  readonly configsOnly?: true
}

const everyTopicAction = ['publish', 'consume', 'describe', 'create', 'alter', 'delete'] as const
const everyGroupAction = ['consume', 'describe', 'alter', 'delete'] as const
const everyClusterAction = ['publish', 'describe', 'create', 'alter', 'delete'] as const

/** `mixed` has one kind of right per prefix; `operator` has the cluster alone. */
const grants: readonly Grant[] = [
  { who: 'all', kind: 'topic', name: '*', actions: everyTopicAction },
  { who: 'all', kind: 'group', name: '*', actions: everyGroupAction },
  { who: 'all', kind: 'cluster', name: 'kafka-cluster', actions: everyClusterAction },
  { who: 'all', kind: 'transactional-id', name: '*', actions: ['publish', 'describe'] },
  { who: 'mixed', kind: 'topic', name: 'read.*', actions: ['consume'] },
  { who: 'mixed', kind: 'topic', name: 'write.*', actions: ['publish'] },
  { who: 'mixed', kind: 'topic', name: 'desc.*', actions: ['describe'] },
  { who: 'mixed', kind: 'topic', name: 'conf.*', actions: ['describe'], configsOnly: true },
  { who: 'mixed', kind: 'topic', name: 'make.*', actions: ['create'] },
  { who: 'mixed', kind: 'topic', name: 'alter.*', actions: ['alter'] },
  { who: 'mixed', kind: 'topic', name: 'drop.*', actions: ['delete'] },
  { who: 'mixed', kind: 'topic', name: 'full.*', actions: everyTopicAction },
  { who: 'mixed', kind: 'topic', name: 'full.unread', actions: ['consume'], effect: 'deny' },
  { who: 'mixed', kind: 'topic', name: 'full.unseen', actions: ['describe'], effect: 'deny' },
  { who: 'mixed', kind: 'group', name: 'read-*', actions: ['consume'] },
  { who: 'mixed', kind: 'group', name: 'desc-*', actions: ['describe'] },
  { who: 'mixed', kind: 'group', name: 'conf-*', actions: ['describe'], configsOnly: true },
  { who: 'mixed', kind: 'group', name: 'drop-*', actions: ['delete'] },
  { who: 'mixed', kind: 'group', name: 'alter-*', actions: ['alter'] },
  { who: 'operator', kind: 'cluster', name: 'kafka-cluster', actions: everyClusterAction },
]

/** The policy that says the same as `aclRequest`. JSON is YAML. */
export function policyText(): string {
  const rules = grants.map((grant, index) => ({
    id: `r${index}`,
    subjects: [{ subject: grant.who }],
    actions: grant.actions,
    resources: [`kafka:${grant.kind}:${grant.name}`],
    ...(grant.configsOnly === true ? { attributes: { scope: 'configs' } } : {}),
    effect: grant.effect ?? 'allow',
  }))
  return JSON.stringify({ version: 1, rules })
}

const resourceType = { topic: 2, group: 3, cluster: 4, 'transactional-id': 5 }
const literal = 3
const prefixed = 4

/** AclOperation codes of each action (docs/reference/actions.md). */
const operationsOf: Readonly<Partial<Record<Action, readonly number[]>>> = {
  publish: [4],
  consume: [3],
  create: [5],
  delete: [6],
  alter: [7, 11],
  describe: [8, 10],
}
const describeConfigs = 10
const idempotentWrite = 12

/** What gives a broker the same rights. */
export function aclRequest(): RequestInputOf<typeof createAcls> {
  const creations = grants.flatMap(({ who, kind, name, actions, effect, configsOnly }) => {
    const operations = actions.flatMap((action) => {
      if (configsOnly === true) return [describeConfigs]
      return kind === 'cluster' && action === 'publish' ? [idempotentWrite] : (operationsOf[action] ?? [])
    })
    const isPrefix = name.length > 1 && name.endsWith('*')
    return operations.map((operation) => ({
      resourceType: resourceType[kind],
      resourceName: isPrefix ? name.slice(0, -1) : name,
      resourcePatternType: isPrefix ? prefixed : literal,
      principal: `User:${who}`,
      host: '*',
      operation,
      permissionType: effect === 'deny' ? 2 : 3,
    }))
  })
  return { creations }
}
