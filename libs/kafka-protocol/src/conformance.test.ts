/**
 * Our tables against Apache Kafka's own message definitions, as the kafka-clients jar carries them: every field of every
 * version that both know, by name, nesting, order, type, nullability, default, tag and ignorable, and the version and
 * flexible ranges.
 */
import { needs } from '@weir/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { compareApi, versionsBetween, type Comparison } from '../test/compare-api.ts'
import { kafkaVersion, readKafkaClientsJar } from '../test/kafka-clients-jar.ts'
import { restate } from '../test/later-statements.ts'
import { readApiDefinitions, type ApiDefinition } from '../test/message-definitions.ts'
import { plantDifferences } from '../test/planted-differences.ts'
import { apis } from './apis.ts'

/** Every (API, version) that is compared. A line that vanishes or shrinks is a table that nobody checks any more. */
const covered = {
  Produce: '3-13',
  Fetch: '4-18',
  ListOffsets: '1-11',
  Metadata: '0-13',
  OffsetCommit: '2-10',
  OffsetFetch: '1-10',
  FindCoordinator: '0-6',
  JoinGroup: '0-9',
  Heartbeat: '0-4',
  LeaveGroup: '0-5',
  SyncGroup: '0-5',
  DescribeGroups: '0-6',
  ListGroups: '0-5',
  SaslHandshake: '0-1',
  ApiVersions: '0-4',
  CreateTopics: '2-7',
  DeleteTopics: '1-6',
  DeleteRecords: '0-2',
  InitProducerId: '0-6',
  OffsetForLeaderEpoch: '2-4',
  AddPartitionsToTxn: '0-5',
  AddOffsetsToTxn: '0-4',
  EndTxn: '0-5',
  WriteTxnMarkers: '1-2',
  TxnOffsetCommit: '0-5',
  DescribeAcls: '1-3',
  CreateAcls: '1-3',
  DeleteAcls: '1-3',
  DescribeConfigs: '1-4',
  AlterConfigs: '0-2',
  AlterReplicaLogDirs: '1-2',
  DescribeLogDirs: '1-5',
  SaslAuthenticate: '0-2',
  CreatePartitions: '0-3',
  CreateDelegationToken: '1-3',
  RenewDelegationToken: '1-2',
  ExpireDelegationToken: '1-2',
  DescribeDelegationToken: '1-3',
  DeleteGroups: '0-2',
  ElectLeaders: '0-2',
  IncrementalAlterConfigs: '0-1',
  AlterPartitionReassignments: '0-1',
  ListPartitionReassignments: '0',
  OffsetDelete: '0',
  DescribeClientQuotas: '0-1',
  AlterClientQuotas: '0-1',
  DescribeUserScramCredentials: '0',
  AlterUserScramCredentials: '0',
  DescribeQuorum: '0-2',
  UpdateFeatures: '0-2',
  DescribeCluster: '0-2',
  DescribeProducers: '0',
  UnregisterBroker: '0',
  DescribeTransactions: '0',
  ListTransactions: '0-2',
  ConsumerGroupHeartbeat: '0-1',
  ConsumerGroupDescribe: '0-1',
  GetTelemetrySubscriptions: '0',
  PushTelemetry: '0',
  ListConfigResources: '0-1',
  DescribeTopicPartitions: '0',
  ShareGroupHeartbeat: '1',
  ShareGroupDescribe: '1',
  ShareFetch: '1-2',
  ShareAcknowledge: '1-2',
  AddRaftVoter: '0-1',
  RemoveRaftVoter: '0',
  InitializeShareGroupState: '0',
  ReadShareGroupState: '0',
  WriteShareGroupState: '0-1',
  DeleteShareGroupState: '0',
  ReadShareGroupStateSummary: '0-1',
  StreamsGroupHeartbeat: '0',
  StreamsGroupDescribe: '0',
  DescribeShareGroupOffsets: '0-1',
  AlterShareGroupOffsets: '0',
  DeleteShareGroupOffsets: '0',
}

/**
 * Versions that came after the jar's release, in Kafka 4.4. They were compared in the same way, once, with the
 * definitions of Kafka's trunk of 2026-08-22 (commit d79bd502ec), without a difference: KIP-1242 (ApiVersions), KIP-1331
 * (DeleteGroups, the streams groups), KIP-1312 (UnregisterController), topic ids in TxnOffsetCommit.
 */
const newer = {
  ApiVersions: [5],
  TxnOffsetCommit: [6],
  DeleteGroups: [3],
  StreamsGroupHeartbeat: [1],
  StreamsGroupDescribe: [1],
  StreamsGroupTopologyDescriptionUpdate: [0],
  UnregisterController: [0],
}

describe.skipIf(!needs('kafka'))(`conformance with Apache Kafka ${kafkaVersion}`, () => {
  const definitions = new Map<number, ApiDefinition>()
  const comparisons = new Map<string, Comparison>()

  beforeAll(() => {
    for (const [key, definition] of readApiDefinitions(readKafkaClientsJar())) {
      if (!definition.listeners.includes('broker')) continue
      const { request, response } = definition
      definitions.set(key, { ...definition, request: restate(request), response: restate(response) })
    }
    for (const definition of definitions.values()) {
      const table = apis.get(definition.key)
      if (table !== undefined) comparisons.set(definition.name, compareApi(definition, table))
    }
  })

  it('has a table for every API of a broker listener', () => {
    const names = [...definitions.values()].filter(({ key }) => !apis.has(key)).map(({ name }) => name)
    expect(names).toEqual([])
  })

  it('compares exactly these versions', () => {
    const ranges = [...comparisons].map(([name, comparison]) => {
      const [from, to] = comparison.covered
      return [name, from === to ? `${from}` : `${from}-${to}`]
    })
    expect(Object.fromEntries(ranges)).toEqual(covered)
  })

  it('has no table beyond them but these', () => {
    const beyond = [...apis.values()].flatMap((table) => {
      const versions = comparisons.get(table.name)?.newer ?? versionsBetween(table.versions[0], table.versions[1])
      return versions.length === 0 ? [] : [[table.name, versions]]
    })
    expect(Object.fromEntries(beyond)).toEqual(newer)
  })

  it('says the same as Kafka about every field of every version', () => {
    const fieldCount = [...comparisons.values()].reduce((sum, comparison) => sum + comparison.fieldCount, 0)
    console.info(
      `conformance: ${fieldCount} fields × versions of ${comparisons.size} APIs compared with Kafka ${kafkaVersion}`,
    )
    expect([...comparisons.values()].flatMap((comparison) => comparison.differences)).toEqual([])
    expect(fieldCount).toBe(4521)
  })

  it('notices each difference planted into each field', { timeout: 60_000 }, () => {
    const planted: string[] = []
    const missed: string[] = []
    for (const definition of definitions.values()) {
      const table = apis.get(definition.key)
      const comparison = comparisons.get(definition.name)
      if (table === undefined || comparison === undefined) continue
      for (const { what, table: wrong } of plantDifferences(table, comparison.covered)) {
        planted.push(what)
        const found = compareApi(definition, wrong).differences
        if (found.join() === comparison.differences.join()) missed.push(`${table.name} ${what}`)
      }
    }
    console.info(`conformance: ${planted.length} planted differences, ${missed.length} missed`)
    expect(missed).toEqual([])
    expect(planted.length).toBeGreaterThan(10_000)
  })
})
