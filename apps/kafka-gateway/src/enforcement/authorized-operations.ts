/**
 * The bit fields of permitted operations (KIP-430). The broker fills them for the gateway's own credential, so they are made
 * anew for the client's principal. Bit n is ACL operation n.
 */
import type { Operation } from '@weir/contracts'
import { isAllowed } from './enforcement.ts'
import type { Call } from './enforcement.ts'
import { configsScope, onCluster, onGroup, onTopic } from './operations.ts'

/** Not asked for, or not known. */
export const operationsOmitted = -2_147_483_648

const bit = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const

type Grid = readonly (readonly [bits: readonly number[], operation: Operation])[]

export function topicOperations(call: Call, name: string): number {
  return fold(call, [
    [[bit.read], onTopic('consume', name)],
    [[bit.write], onTopic('publish', name)],
    [[bit.create], onTopic('create', name)],
    [[bit.delete], onTopic('delete', name)],
    [[bit.alter, bit.alterConfigs], onTopic('alter', name)],
    [[bit.describe], onTopic('describe', name)],
    [[bit.describeConfigs], { ...onTopic('describe', name), attributes: configsScope }],
  ])
}

export function groupOperations(call: Call, name: string): number {
  return fold(call, [
    [[bit.read], onGroup('consume', name)],
    [[bit.delete], onGroup('delete', name)],
    [[bit.describe], onGroup('describe', name)],
    [[bit.describeConfigs], onGroup('describe', name, configsScope)],
    [[bit.alterConfigs], onGroup('alter', name)],
  ])
}

/** CLUSTER_ACTION is never among them: it is the brokers' own. */
export function clusterOperations(call: Call): number {
  return fold(call, [
    [[bit.create], onCluster('create')],
    [[bit.alter, bit.alterConfigs], onCluster('alter')],
    [[bit.describe], onCluster('describe')],
    [[bit.describeConfigs], onCluster('describe', configsScope)],
    [[bit.idempotentWrite], onCluster('publish')],
  ])
}

function fold(call: Call, grid: Grid): number {
  let operations = 0
  for (const [bits, operation] of grid) {
    if (!isAllowed(call.services.guard.decide(call.session, operation))) continue
    for (const n of bits) operations |= 1 << n
  }
  return operations
}
