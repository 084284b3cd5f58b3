/** The stock command-line tools of Apache Kafka, which are the Java client. */
import { kafkaTool, needs, runProcess } from '@weir/testing'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSystem } from './system.ts'
import type { System } from './system.ts'

const topicRefused = (topic: string) =>
  `org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [${topic}]`
const groupRefused = (group: string) =>
  `org.apache.kafka.common.errors.GroupAuthorizationException: Not authorized to access group: ${group}`

describe.skipIf(!needs('kafka'))('the Java tools', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system?.stop())

  const produce = (who: string, topic: string, input: string) =>
    system.tool('kafka-console-producer', who, ['--topic', topic], { input })
  const consume = (who: string, topic: string, group: string, ...more: string[]) =>
    system.tool('kafka-console-consumer', who, [
      ...['--topic', topic, '--group', group, '--from-beginning', '--max-messages', '1', '--timeout-ms', '30000'],
      ...more,
    ])
  const newProtocol = ['--command-property', 'group.protocol=consumer']

  test('publish and consume in a group of the classic protocol, with a Weir key', async () => {
    expect(await produce('alice', 'payments.orders', 'order one\n')).toMatchObject({ code: 0, stderr: '' })
    const { stdout, stderr } = await consume('alice', 'payments.orders', 'payments-classic')
    expect(stdout).toBe('order one\n')
    expect(stderr).toContain('Processed a total of 1 messages')
  })

  test('consume in a group of the new protocol (KIP-848), with a token as the password', async () => {
    await produce('alice.token', 'payments.cards', 'card one\n')
    expect((await consume('alice.token', 'payments.cards', 'payments-new', ...newProtocol)).stdout).toBe('card one\n')
    const groups = await system.tool('kafka-groups', 'alice', ['--list'])
    expect(groups.stdout).toMatch(/payments-new +Consumer +consumer/)
    expect(groups.stdout).toMatch(/payments-new/)
  })

  test('OAUTHBEARER by client credentials: a machine reads what it may and publishes where it may', async () => {
    await produce('alice', 'payments.cards', 'for the machine\n')
    expect((await consume('etl', 'payments.cards', 'etl-cards')).stdout).toMatch(/^(card one|for the machine)\n$/)
    expect(await produce('etl', 'public.clicks', 'click\n')).toMatchObject({ code: 0, stderr: '' })
    const { stderr } = await produce('etl', 'payments.cards', 'not for you\n')
    expect(stderr).toContain(topicRefused('payments.cards'))
  })

  test('who may not use a topic gets the error of Kafka, publishing and consuming', async () => {
    expect((await produce('dave', 'payments.orders', 'x\n')).stderr).toContain(topicRefused('payments.orders'))
    const { stdout, stderr } = await consume('dave', 'payments.orders', 'public-dave')
    expect(stderr).toContain(topicRefused('payments.orders'))
    expect(stdout).toBe('')
    expect((await consume('dave', 'payments.orders', 'public-dave', ...newProtocol)).stderr).toContain(
      'TopicAuthorizationException',
    )
  })

  test('who may not use a group gets the error of Kafka, in both protocols', async () => {
    const classic = await consume('dave', 'public.clicks', 'payments-classic')
    expect(classic.stderr).toContain(groupRefused('payments-classic'))
    expect(classic.stderr).toContain('Processed a total of 0 messages')
    const modern = await consume('dave', 'public.clicks', 'payments-new', ...newProtocol)
    expect(modern.stderr).toContain(groupRefused('payments-new'))
    expect(modern.stderr).toContain('Processed a total of 0 messages')
  })

  test('topics: only those with a right are listed and described; a name without one does not exist or is refused', async () => {
    const topics = async (who: string, ...args: string[]) => system.tool('kafka-topics', who, args)
    expect((await topics('alice', '--list')).stdout.trim().split('\n')).toEqual([
      'payments.cards',
      'payments.orders',
      'public.clicks',
    ])
    expect((await topics('dave', '--list')).stdout).toBe('public.clicks\n')
    const described = (await topics('alice', '--describe', '--topic', 'payments.orders')).stdout
    expect(described).toMatch(/^Topic: payments\.orders\tTopicId: [\w-]{22}\tPartitionCount: 3\tReplicationFactor: 1/)
    expect(described.match(/Leader: 1\t/g)).toHaveLength(3)
    const hidden = await topics('dave', '--describe', '--topic', 'payments.orders')
    expect(hidden.code).toBe(1)
    expect(hidden.stdout).toContain("Topic 'payments.orders' does not exist as expected")
  })

  test('a topic is created by a lead, refused to a stranger, and held where a rule demands an approval', async () => {
    const create = (who: string, topic: string) => system.tool('kafka-topics', who, ['--create', '--topic', topic])
    const created = await create('carol', 'payments.new')
    expect(created).toMatchObject({ code: 0 })
    expect(created.stdout).toContain('Created topic payments.new.')

    const refused = await create('dave', 'payments.daves')
    expect(refused.code).toBe(1)
    expect(refused.stdout + refused.stderr).toContain('org.apache.kafka.common.errors.TopicAuthorizationException')
    expect(refused.stdout).toContain('"dave" may not create "kafka:topic:payments.daves": no rule allows it')

    const held = await create('alice', 'payments.alices')
    expect(held.code).toBe(1)
    expect(held.stdout + held.stderr).toContain('org.apache.kafka.common.errors.PolicyViolationException')
    expect(held.stdout).toContain('rule payments-topics demands an approval')
    expect(held.stdout).toContain('Approvals cannot be asked for here yet.')

    const names = (await system.kafka.admin.expect('kafka-topics', ['--list'])).split('\n')
    expect(names).toContain('payments.new')
    expect(names).not.toContain('payments.daves')
    expect(names).not.toContain('payments.alices')
  })

  test('groups: the own ones are listed and described, the others are refused', async () => {
    const groups = (who: string, ...args: string[]) => system.tool('kafka-consumer-groups', who, args)
    const listed = (await groups('alice', '--list')).stdout.trim().split('\n')
    expect(listed.toSorted()).toEqual(['payments-classic', 'payments-new'])
    expect((await groups('dave', '--list')).stdout.trim()).toBe('')
    const described = (await groups('alice', '--describe', '--group', 'payments-classic')).stdout
    expect(described).toMatch(/payments-classic +payments\.orders +\d +1 +1 +0/)
    const hidden = await groups('dave', '--describe', '--group', 'payments-classic')
    expect(hidden.stdout + hidden.stderr).toContain('GroupAuthorizationException')
  })

  test('configurations and offsets are told to who may describe, and to nobody else', async () => {
    await system.createTopic('payments.short', 1, { 'retention.ms': '86400000' })
    const configs = (who: string) => system.tool('kafka-configs', who, ['--describe', '--topic', 'payments.short'])
    expect((await configs('alice')).stdout).toContain('retention.ms=86400000')
    const refused = await configs('dave')
    expect(refused.stdout + refused.stderr).not.toContain('retention.ms')

    const offsets = (who: string) => system.tool('kafka-get-offsets', who, ['--topic', 'payments.orders'])
    const ends = (await offsets('alice')).stdout.trim().split('\n')
    expect(ends.map((line) => line.replace(/:\d+$/, ''))).toEqual([0, 1, 2].map((p) => `payments.orders:${p}`))
    expect(ends.map((line) => Number(line.split(':')[2])).reduce((a, b) => a + b)).toBe(1)
    expect((await offsets('dave')).stdout).not.toContain('payments.orders:0')
  })

  test('the brokers themselves take nobody: not with a key of Weir, and not without a credential', async () => {
    const args = (properties: string) => ['--bootstrap-server', system.kafka.bootstrap, '--command-config', properties]
    const around = await runProcess(kafkaTool('kafka-topics'), [...args(system.properties('alice')), '--list'])
    expect(around.code).toBe(1)
    expect(around.stdout + around.stderr).toContain('SaslAuthenticationException: Authentication failed')
    const brokers = [system.kafka.bootstrap]
    const nobody = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin()
    await expect(nobody.listTopics()).rejects.toThrow()
    await nobody.disconnect()
  })

  test('every refusal is on record, with the rule that decided', async () => {
    await system.shipped()
    type Denial = { event: { resource: string; ruleId: string; effect: string; action: string } }
    const { events } = await system.ask<{ events: Denial[] }>([
      'evidence',
      'list',
      '--type',
      'decision.deny',
      '--limit',
      '1000',
    ])
    const told = new Set(events.map(({ event }) => `${event.effect} ${event.action} ${event.resource} ${event.ruleId}`))
    const has = (text: string) => expect([...told].filter((line) => line.startsWith(text))).not.toEqual([])
    has('deny describe kafka:topic:payments.orders')
    has('deny publish kafka:topic:payments.cards')
    has('deny create kafka:topic:payments.daves')
    has('hold create kafka:topic:payments.alices payments-topics')
    has('deny describe kafka:group:payments-classic')
  })
})
