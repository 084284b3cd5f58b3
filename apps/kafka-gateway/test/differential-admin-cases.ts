/** Cases about making, growing and deleting topics, and about settings and the cluster. */
import { createPartitions, createTopics, deleteTopics, describeCluster, describeConfigs } from '@weir/kafka-protocol'
import { casesOf } from './differential-case.ts'
import type { ApiCases } from './differential-case.ts'
import { bothWays, byId, everyKind } from './differential-topic-cases.ts'
import { named, unknownId, zeroId } from './differential-world.ts'

const sized = (names: string[], partitions = 1) =>
  names.map((name) => ({
    name,
    numPartitions: partitions,
    replicationFactor: 1,
    assignments: [],
    configs: [{ name: 'retention.ms', value: '60000' }],
  }))
const trial = { timeoutMs: 10_000, validateOnly: true }

const createTopicsCases = casesOf(createTopics, [
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

const deleteTopicsCases = casesOf(deleteTopics, [
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

const createPartitionsCases = casesOf(createPartitions, [
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

const describeConfigsCases = casesOf(describeConfigs, [
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

const describeClusterCases = casesOf(describeCluster, [
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

export const adminCases: readonly ApiCases[] = [
  describeConfigsCases,
  describeClusterCases,
  createPartitionsCases,
  createTopicsCases,
  deleteTopicsCases,
]
