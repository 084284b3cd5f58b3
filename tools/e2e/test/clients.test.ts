/** Clients that are not Java: kafkajs, kcat and confluent-kafka (two generations of librdkafka), each a program of its own. */
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kcatFormat, machines, readKcat, runKafkaJs, runKcat, runPython } from './clients.ts'
import { startSystem } from './system.ts'
import type { System } from './system.ts'

describe.skipIf(!needs('kafka'))('clients that are not Java', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system?.stop())

  describe('kafkajs', () => {
    const publish = { action: 'publish', partition: 0, batches: [2, 3] } as const

    test('publishes, with the offsets of its batches, and consumes in a group', async () => {
      const topic = 'payments.orders'
      const sent = await runKafkaJs(system, 'alice', { ...publish, clientId: 'js-orders', topic })
      expect(sent.lines).toEqual([
        { base: 0, count: 2 },
        { base: 2, count: 3 },
      ])
      const task = { action: 'consume', topic, group: 'payments-js', until: 5 } as const
      const { lines } = await runKafkaJs(system, 'alice', { ...task, clientId: 'js-orders' })
      expect(lines.filter((line) => line.partition === 0)).toEqual(
        [0, 1, 2, 3, 4].map((offset) => ({ partition: 0, offset, value: `js-orders:${offset}` })),
      )
    })

    test('logs in by OAUTHBEARER with the token of a machine', async () => {
      const login = { username: 'etl', password: machines['etl']!, issuer: system.sandbox.parts.issuer.issuer }
      const task = { action: 'consume', topic: 'payments.orders', group: 'etl-js' } as const
      const { lines } = await runKafkaJs(system, 'etl', { ...task, clientId: 'js-etl', login })
      expect(lines[0]).toMatchObject({ value: expect.stringContaining('js-orders:') })
    })

    test('is refused a topic and a group in its own words', async () => {
      const sent = await runKafkaJs(system, 'dave', { ...publish, clientId: 'js-dave', topic: 'payments.orders' })
      expect(sent).toMatchObject({
        code: 1,
        lines: [{ error: 'Not authorized to access topics: [Topic authorization failed]' }],
      })
      const task = { action: 'consume', clientId: 'js-dave' } as const
      const read = await runKafkaJs(system, 'dave', { ...task, topic: 'payments.orders', group: 'public-js' })
      expect(read).toMatchObject({
        code: 1,
        lines: [{ error: 'Not authorized to access topics: [Topic authorization failed]' }],
      })
      const joined = await runKafkaJs(system, 'dave', { ...task, topic: 'public.clicks', group: 'payments-js' })
      expect(joined).toMatchObject({ code: 1, lines: [{ error: expect.stringMatching(/group/i) }] })
    })
  })

  describe.skipIf(!needs('kcat'))('kcat', () => {
    const topic = 'payments.cards'

    test('publishes and consumes, alone and in a group, with the client file as it is', async () => {
      expect(await runKcat(system, 'alice', ['-P', '-t', topic, '-p', '1'], 'a\nb\nc\n')).toMatchObject({ code: 0 })
      const expected = ['a', 'b', 'c'].map((value, offset) => ({ partition: 1, offset, value }))
      const alone = await runKcat(system, 'alice', ['-C', '-t', topic, '-e', '-f', kcatFormat])
      expect(readKcat(alone.stdout)).toEqual(expected)
      const group = ['-G', 'payments-kcat', '-X', 'auto.offset.reset=earliest', '-e', '-f', kcatFormat, topic]
      expect(readKcat((await runKcat(system, 'alice', group)).stdout)).toEqual(expected)
    })

    test('takes a token as the password', async () => {
      const login = ['-X', 'sasl.username=alice', '-X', `sasl.password=${system.tokenOf('alice')}`]
      const { stdout } = await runKcat(system, 'alice', [...login, '-L', '-t', topic])
      expect(stdout).toContain(`topic "${topic}" with 3 partitions`)
    })

    test('is refused a topic and a group in the words of librdkafka', async () => {
      const sent = await runKcat(system, 'dave', ['-P', '-t', topic], 'x\n')
      expect(sent).toMatchObject({ code: 1, stderr: expect.stringContaining('Broker: Topic authorization failed') })
      const read = await runKcat(system, 'dave', ['-C', '-t', topic, '-e'])
      expect(read.stderr).toContain(`Topic ${topic} error: Broker: Topic authorization failed`)
      expect(read).toMatchObject({ code: 1, stdout: '' })
      const joined = await runKcat(system, 'dave', ['-G', 'payments-kcat', '-e', 'public.clicks'])
      expect(joined).toMatchObject({ code: 1, stdout: '' })
      expect(joined.stderr).toContain('"dave" may not describe "kafka:group:payments-kcat"')
    })
  })

  describe.skipIf(!needs('confluent-kafka'))('confluent-kafka', () => {
    const topic = 'payments.cards'

    test('publishes with idempotence and consumes in a group, with a token', async () => {
      const producer = { 'enable.idempotence': true }
      const sent = await runPython(system, 'alice', 'py-cards', { action: 'publish', topic, batches: [2, 1], producer })
      const values = [0, 1, 2].map((offset) => ({ partition: 0, offset, value: `py-cards:${offset}` }))
      expect(sent).toMatchObject({ code: 0, lines: values })
      const read = await runPython(system, 'alice', 'py-cards', {
        action: 'consume',
        topic,
        group: 'payments-py',
        until: 3,
      })
      expect(read.lines.filter((line) => line.partition === 0)).toEqual(values)
    })

    test('a machine logs in by OIDC: it reads what it may, and is refused the rest in the words of librdkafka', async () => {
      const task = { action: 'consume', topic, group: 'etl-py' }
      expect((await runPython(system, 'etl', 'py-etl', task)).lines).toMatchObject([{ offset: 0 }])
      const sent = await runPython(system, 'etl', 'py-etl', { action: 'publish', topic, batches: [1] })
      const refusal = { error: 'Broker: Topic authorization failed', name: 'TOPIC_AUTHORIZATION_FAILED' }
      expect(sent).toMatchObject({ code: 1, lines: [refusal] })
      const joined = await runPython(system, 'etl', 'py-etl', { ...task, group: 'payments-py' })
      expect(joined).toMatchObject({ code: 1, lines: [{ name: 'GROUP_AUTHORIZATION_FAILED' }] })
      const other = await runPython(system, 'etl', 'py-etl', { ...task, topic: 'secrets.all' })
      expect(other).toMatchObject({ code: 1, lines: [{ name: 'TOPIC_AUTHORIZATION_FAILED' }] })
    })

    test('its admin client sees what its principal may see, and creates what it may create', async () => {
      const create = ['payments.by-python']
      const lead = await runPython(system, 'carol', 'py-admin', { action: 'administer', create })
      // A lead may describe every topic, so those of the broker itself too.
      expect(lead.lines[0]?.topics?.filter((name) => !name.startsWith('__'))).toEqual([
        'payments.cards',
        'payments.orders',
        'public.clicks',
      ])
      expect(lead.lines[2]).toEqual({ created: 'payments.by-python' })
      const machine = await runPython(system, 'etl', 'py-admin', { action: 'administer', create: ['payments.other'] })
      expect(machine.lines[0]?.topics).toEqual([
        'payments.by-python',
        'payments.cards',
        'payments.orders',
        'public.clicks',
      ])
      expect(machine.lines[1]?.groups?.every((group) => group.startsWith('etl-'))).toBe(true)
      expect(machine.lines[2]).toMatchObject({
        name: 'TOPIC_AUTHORIZATION_FAILED',
        error: '"etl" may not create "kafka:topic:payments.other": no rule allows it',
      })
      const held = await runPython(system, 'alice', 'py-admin', { action: 'administer', create: ['payments.held'] })
      expect(held.lines[2]).toMatchObject({
        name: 'POLICY_VIOLATION',
        error: expect.stringContaining('rule payments-topics demands an approval'),
      })
    })
  })

  describe('an agent that acts for somebody', () => {
    /** RFC 8693, as the agent itself would ask for it. */
    async function delegatedToken(): Promise<string> {
      const { issuer } = system.sandbox.parts.issuer
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          client_id: 'agent',
          client_secret: machines['agent']!,
          audience: 'weir',
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          subject_token: system.tokenOf('alice'),
        }),
      })
      const body = (await response.json()) as { access_token: string }
      expect(response.status, JSON.stringify(body)).toBe(200)
      return body.access_token
    }

    test('has the rights that both have, and both stand in the record', async () => {
      const login = { username: 'agent', password: await delegatedToken() }
      const topic = 'payments.orders'
      const own = await runKafkaJs(system, 'alice', {
        clientId: 'js-alice',
        action: 'publish',
        topic,
        partition: 2,
        batches: [1],
      })
      const { base } = own.lines[0]!
      const consume = { clientId: 'js-agent', action: 'consume', login } as const

      const read = await runKafkaJs(system, 'agent', { ...consume, topic, group: 'payments-agent' })
      expect(read).toMatchObject({ code: 0 })
      // alice alone may do both of these.
      const written = await runKafkaJs(system, 'agent', {
        clientId: 'js-agent',
        action: 'publish',
        login,
        topic,
        partition: 2,
        batches: [1],
      })
      expect(written.lines).toEqual([{ error: expect.stringMatching(/not authorized/i) }])
      const cards = await runKafkaJs(system, 'agent', { ...consume, topic: 'payments.cards', group: 'payments-agent' })
      expect(cards.lines).toEqual([{ error: expect.stringMatching(/not authorized/i) }])

      await system.shipped()
      type Access = { person: { subject: string }; actors: { subject: string }[]; sessionId: string; clientId: string }
      const position = ['--topic', topic, '--partition', '2', '--offset', String(base)]
      const { accesses } = await system.ask<{ accesses: Access[] }>(['evidence', 'who-read', ...position])
      const byAgent = accesses.filter((access) => access.clientId === 'js-agent')
      expect(byAgent).toMatchObject([{ person: { subject: 'alice' }, actors: [{ subject: 'agent' }] }])
      const session = await system.ask<object>(['sessions', 'show', byAgent[0]!.sessionId])
      expect(session).toMatchObject({
        person: { subject: 'alice' },
        actors: [{ subject: 'agent' }],
        mechanism: 'PLAIN',
      })
      const shown = await system.weir('evidence', 'who-read', ...position)
      expect(shown.stdout).toMatch(/alice.*agent/)
    })
  })
})
