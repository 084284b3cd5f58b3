/** Cases about topics, their settings and the cluster. */
import {
  createPartitions,
  createTopics,
  deleteTopics,
  describeCluster,
  describeConfigs,
  describeTopicPartitions,
  metadata,
} from '@weir/kafka-protocol'
import { casesOf } from './differential-case.ts'
import type { ApiCases } from './differential-case.ts'
import { named, unknownId, zeroId } from './differential-world.ts'

const everyKind = [
  ...['none.a', 'full.a', 'read.a', 'write.a', 'desc.a', 'conf.a', 'make.a', 'alter.a', 'drop.a'],
  ...['full.unread', 'full.unseen', 'none.b', 'full.b'],
]
const bothWays = [true, false]
const quiet = { allowAutoTopicCreation: false }
const byId = (topicId: string) => ({ topicId, name: null })

export const metadataCases = casesOf(metadata, [
  { name: 'every kind of right', versions: [4, 13], request: () => ({ ...quiet, topics: named(...everyKind) }) },
  {
    name: 'every kind of right, with the switch always on',
    versions: [0, 3],
    request: () => ({ topics: named(...everyKind) }),
  },
  { name: 'a list without topics', request: () => ({ topics: [] }) },
  { name: 'all topics', versions: [1, 13], request: () => ({ topics: null }) },
  {
    name: 'missing names',
    versions: [4, 13],
    request: () => ({
      ...quiet,
      topics: named('none.missing', 'full.missing', 'full.a', 'make.missing', 'desc.missing', 'none.a', 'read.missing'),
    }),
  },
  {
    name: 'names that no topic can have',
    versions: [4, 13],
    request: () => ({ ...quiet, topics: named('full./', 'none.a', '..', 'full.a', `full.${'x'.repeat(260)}`, '') }),
  },
  {
    name: 'names more than once',
    versions: [4, 13],
    request: () => ({
      ...quiet,
      topics: named('full.a', 'none.a', 'full.a', 'none.a', 'full.missing', 'full.missing'),
    }),
  },
  ...bothWays.map((includeTopicAuthorizedOperations) => ({
    name: `permitted operations of topics asked for: ${includeTopicAuthorizedOperations}`,
    versions: [8, 13] as const,
    request: () => ({ ...quiet, topics: named(...everyKind, 'full.missing'), includeTopicAuthorizedOperations }),
  })),
  {
    name: 'permitted operations of all topics',
    versions: [8, 13],
    request: () => ({ topics: null, includeTopicAuthorizedOperations: true }),
  },
  {
    name: 'permitted operations of the cluster',
    versions: [8, 10],
    request: () => ({ topics: [], includeClusterAuthorizedOperations: true }),
  },
  {
    name: 'ids known, unknown and more than once',
    versions: [12, 13],
    request: (side) => ({
      ...quiet,
      includeTopicAuthorizedOperations: true,
      topics: [
        ...['none.a', 'full.a', 'read.a', 'make.a', 'full.unseen'].map((name) => byId(side.id(name))),
        ...[byId(unknownId), byId(side.id('full.a')), byId(side.id('none.a'))],
      ],
    }),
  },
  { name: 'only an unknown id', versions: [12, 13], request: () => ({ ...quiet, topics: [byId(unknownId)] }) },
  {
    name: 'a zero id',
    versions: [12, 13],
    request: (side) => ({ ...quiet, topics: [byId(side.id('full.a')), byId(zeroId)] }),
  },
  {
    name: 'ids before they were allowed',
    versions: [10, 11],
    request: (side) => ({ ...quiet, topics: [{ name: '', topicId: side.id('full.a') }] }),
  },
  {
    name: 'ids beside names',
    versions: [12, 13],
    request: (side) => ({
      ...quiet,
      topics: [...named('full.b', 'none.a'), byId(side.id('full.a')), byId(side.id('none.b'))],
    }),
  },
  {
    name: 'one name with the id of another topic',
    versions: [12, 13],
    request: (side) => ({ ...quiet, topics: [{ name: 'full.a', topicId: side.id('none.a') }] }),
  },
])

const page = { responsePartitionLimit: 2000, cursor: null }
const justNames = (...names: string[]) => names.map((name) => ({ name }))

export const describeTopicPartitionsCases = casesOf(describeTopicPartitions, [
  { name: 'every kind of right', request: () => ({ ...page, topics: justNames(...everyKind.toSorted()) }) },
  { name: 'all topics', request: () => ({ ...page, topics: [] }) },
  {
    name: 'missing names',
    request: () => ({ ...page, topics: justNames('full.missing', 'none.missing', 'desc.missing') }),
  },
  { name: 'names that no topic can have', request: () => ({ ...page, topics: justNames('full./', 'none./') }) },
  {
    name: 'names more than once',
    request: () => ({ ...page, topics: justNames('full.a', 'full.a', 'none.a', 'none.a') }),
  },
  {
    name: 'a small page',
    request: () => ({ ...page, responsePartitionLimit: 1, topics: justNames('full.a', 'full.b', 'full.unread') }),
  },
  {
    name: 'a small page with refused names in it',
    request: () => ({
      ...page,
      responsePartitionLimit: 2,
      topics: justNames('desc.a', 'full.a', 'full.b', 'none.a', 'read.a'),
    }),
  },
  { name: 'a small page of all', request: () => ({ ...page, responsePartitionLimit: 2, topics: [] }) },
  { name: 'a limit of nothing', request: () => ({ ...page, responsePartitionLimit: 0, topics: justNames('full.a') }) },
  ...['full.a', 'full.unseen', 'none.a', 'none.missing', 'zzz'].map((topicName) => ({
    name: `named topics from the cursor ${topicName}`,
    request: () => ({
      ...page,
      topics: justNames('desc.a', 'full.b', 'none.a', 'none.b'),
      cursor: { topicName, partitionIndex: 0 },
    }),
  })),
  ...['full.a', 'none.b', 'missing'].map((topicName) => ({
    name: `all topics from the cursor ${topicName}`,
    request: () => ({ ...page, topics: [], cursor: { topicName, partitionIndex: 0 } }),
  })),
  {
    name: 'the second partition',
    request: () => ({ ...page, topics: justNames('full.b'), cursor: { topicName: 'full.b', partitionIndex: 1 } }),
  },
  {
    name: 'a cursor before the first partition',
    request: () => ({ ...page, topics: justNames('full.b'), cursor: { topicName: 'full.b', partitionIndex: -1 } }),
  },
])

const sized = (names: string[], partitions = 1) =>
  names.map((name) => ({
    name,
    numPartitions: partitions,
    replicationFactor: 1,
    assignments: [],
    configs: [{ name: 'retention.ms', value: '60000' }],
  }))
const trial = { timeoutMs: 10_000, validateOnly: true }

export const createTopicsCases = casesOf(createTopics, [
  {
    name: 'a trial of every kind of right',
    request: () => ({
      ...trial,
      topics: sized(['none.new', 'make.new', 'full.new', 'desc.new', 'conf.new', 'full.unseen-new', 'alter.new']),
    }),
  },
  { name: 'existing names', request: () => ({ ...trial, topics: sized(['none.a', 'full.a', 'make.a', 'desc.a']) }) },
  {
    name: 'names more than once',
    request: () => ({ ...trial, topics: sized(['full.new', 'none.new', 'full.new', 'make.new', 'none.new']) }),
  },
  { name: 'the same name only', request: () => ({ ...trial, topics: sized(['none.new', 'none.new']) }) },
  { name: 'no topics', request: () => ({ ...trial, topics: [] }) },
  {
    name: 'names that no topic can have',
    request: () => ({ ...trial, topics: sized(['full./', 'none./', '', 'full.new']) }),
  },
  {
    name: 'the names of internal topics',
    request: () => ({ ...trial, topics: sized(['__consumer_offsets', '__transaction_state', 'full.new']) }),
  },
  {
    name: 'a number of partitions that cannot be',
    request: () => ({ ...trial, topics: sized(['full.new', 'none.new'], 0) }),
  },
  {
    name: 'settings that do not exist',
    request: () => ({
      ...trial,
      topics: sized(['full.new', 'none.new']).map((t) => ({ ...t, configs: [{ name: 'no.such', value: '1' }] })),
    }),
  },
  {
    name: 'real ones',
    request: (side) => ({
      timeoutMs: 10_000,
      topics: sized([side.fresh('full.new'), side.fresh('none.new'), side.fresh('make.new')]),
    }),
  },
])

const targets = ['full.x', 'none.x', 'drop.x', 'desc.x']
const existing = ['mixed', 'operator', 'all'] as const

export const deleteTopicsCases = casesOf(deleteTopics, [
  {
    name: 'names, existing and missing',
    make: targets,
    as: existing,
    request: (_side, version, made) => {
      const names = [
        ...targets.map((name) => made.get(name)?.name ?? ''),
        'full.missing',
        'none.missing',
        'drop.missing',
      ]
      return { timeoutMs: 10_000, ...(version < 6 ? { topicNames: names } : { topics: named(...names) }) }
    },
  },
  {
    name: 'ids, existing, unknown and zero',
    versions: [6, 6],
    make: targets,
    as: existing,
    request: (_side, _version, made) => ({
      timeoutMs: 10_000,
      topics: [...targets.map((name) => byId(made.get(name)?.topicId ?? '')), byId(unknownId)],
    }),
  },
  {
    name: 'a zero id',
    versions: [6, 6],
    request: () => ({ timeoutMs: 10_000, topics: [byId(zeroId), byId(unknownId)] }),
  },
  {
    name: 'ids that may not be deleted',
    as: ['none', 'mixed'],
    versions: [6, 6],
    request: (side) => ({
      timeoutMs: 10_000,
      topics: ['none.a', 'desc.a', 'read.a', 'make.a'].map((name) => byId(side.id(name))),
    }),
  },
  {
    name: 'names that may not be deleted',
    as: ['none', 'mixed'],
    request: (_side, version) =>
      version < 6
        ? { timeoutMs: 10_000, topicNames: ['desc.a', 'none.a', 'none.missing'] }
        : { timeoutMs: 10_000, topics: named('desc.a', 'none.a', 'none.missing') },
  },
  {
    name: 'missing names more than once',
    request: (_side, version) =>
      version < 6
        ? { timeoutMs: 10_000, topicNames: ['full.m', 'none.m', 'full.m', 'none.m', 'drop.m'] }
        : { timeoutMs: 10_000, topics: named('full.m', 'none.m', 'full.m', 'none.m', 'drop.m') },
  },
  {
    name: 'a name and its id together',
    versions: [6, 6],
    as: ['none', 'mixed'],
    request: (side) => ({ timeoutMs: 10_000, topics: [{ name: 'none.a', topicId: side.id('none.a') }] }),
  },
  {
    name: 'nothing',
    request: (_side, version) =>
      version < 6 ? { timeoutMs: 10_000, topicNames: [] } : { timeoutMs: 10_000, topics: [] },
  },
])

const grown = (names: string[], count = 3) => names.map((name) => ({ name, count, assignments: null }))

export const createPartitionsCases = casesOf(createPartitions, [
  { name: 'a trial of every kind of right', request: () => ({ ...trial, topics: grown(everyKind) }) },
  {
    name: 'missing names',
    request: () => ({ ...trial, topics: grown(['none.missing', 'full.missing', 'full.a', 'alter.missing']) }),
  },
  {
    name: 'names more than once',
    request: () => ({ ...trial, topics: grown(['full.a', 'none.a', 'full.a', 'none.a', 'alter.a']) }),
  },
  { name: 'too few', request: () => ({ ...trial, topics: grown(['full.b', 'none.a', 'alter.a'], 1) }) },
  { name: 'nothing', request: () => ({ ...trial, topics: [] }) },
  {
    name: 'a real one',
    make: ['full.x', 'none.x', 'alter.x'],
    as: ['mixed', 'all'],
    request: (_side, _version, made) => ({
      timeoutMs: 10_000,
      validateOnly: false,
      topics: grown([...made.values()].map((t) => t.name)),
    }),
  },
])

const type = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 }
const settings = (resourceType: number, names: string[], configurationKeys: string[] | null = null) =>
  names.map((resourceName) => ({ resourceType, resourceName, configurationKeys }))
const brief = ['retention.ms', 'cleanup.policy']

export const describeConfigsCases = casesOf(describeConfigs, [
  { name: 'topics with every kind of right', request: () => ({ resources: settings(type.topic, everyKind, brief) }) },
  {
    name: 'all settings of topics',
    request: () => ({ includeSynonyms: true, resources: settings(type.topic, ['full.a', 'none.a', 'conf.a']) }),
  },
  {
    name: 'missing topics',
    request: () => ({
      resources: settings(type.topic, ['none.missing', 'full.missing', 'conf.missing', 'full./', ''], brief),
    }),
  },
  {
    name: 'topics more than once',
    request: () => ({ resources: settings(type.topic, ['full.a', 'none.a', 'full.a', 'none.a'], brief) }),
  },
  {
    name: 'groups',
    request: () => ({
      resources: settings(type.group, [
        'read-a',
        'desc-a',
        'conf-a',
        'drop-a',
        'none-a',
        'alter-a',
        'conf-missing',
        '',
      ]),
    }),
  },
  {
    name: 'a broker',
    request: () => ({ resources: settings(type.broker, ['1', ''], ['num.io.threads', 'compression.type']) }),
  },
  {
    name: 'a broker that is not there',
    request: () => ({ resources: settings(type.broker, ['7', 'x'], ['num.io.threads']) }),
  },
  {
    name: 'loggers and client metrics',
    request: () => ({
      resources: [...settings(type.brokerLogger, ['1'], ['kafka']), ...settings(type.clientMetrics, ['m', ''])],
    }),
  },
  {
    name: 'all types at once',
    request: () => ({
      resources: [
        ...settings(type.topic, ['none.a', 'full.a'], brief),
        ...settings(type.broker, ['1'], ['num.io.threads']),
        ...settings(type.group, ['conf-a', 'none-a']),
      ],
    }),
  },
  {
    name: 'a type that does not exist',
    request: () => ({ resources: [...settings(type.topic, ['full.a'], brief), ...settings(99, ['x'])] }),
  },
  { name: 'a type of no resource', request: () => ({ resources: settings(0, ['x']) }) },
  { name: 'nothing', request: () => ({ resources: [] }) },
])

export const describeClusterCases = casesOf(describeCluster, [
  ...bothWays.map((includeClusterAuthorizedOperations) => ({
    name: `permitted operations asked for: ${includeClusterAuthorizedOperations}`,
    request: () => ({ includeClusterAuthorizedOperations }),
  })),
  {
    name: 'controllers',
    versions: [1, 2],
    request: () => ({ includeClusterAuthorizedOperations: true, endpointType: 2 }),
  },
  {
    name: 'no such endpoint',
    versions: [1, 2],
    request: () => ({ includeClusterAuthorizedOperations: true, endpointType: 9 }),
  },
  {
    name: 'fenced brokers',
    versions: [2, 2],
    request: () => ({ includeClusterAuthorizedOperations: true, includeFencedBrokers: true }),
  },
])

export const topicCases: readonly ApiCases[] = [
  metadataCases,
  describeTopicPartitionsCases,
  describeConfigsCases,
  describeClusterCases,
  createPartitionsCases,
  createTopicsCases,
  deleteTopicsCases,
]
