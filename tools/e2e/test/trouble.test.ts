/** Parts that go away while clients run, and tokens that run out: clients go on by themselves, and no acknowledged record lacks its evidence. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { RunningProcess } from '@weir/testing'
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machines, runKafkaJs, startKafkaJs } from './clients.ts'
import type { JsLine } from './clients.ts'
import { eventually, startSystem } from './system.ts'
import type { System } from './system.ts'

const tokenSeconds = 12

describe.skipIf(!needs('kafka'))('trouble', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ accessTokenSeconds: tokenSeconds })
  })
  afterAll(() => system?.stop())

  type Acknowledged = { readonly clientId: string; readonly offsets: readonly number[] }

  /** Two producers that retry: Java with idempotence, and kafkajs. Each goes on for about ten seconds. */
  async function startProducers(topic: string): Promise<{ java: RunningProcess; js: RunningProcess }> {
    await system.createTopic(topic, 1)
    const settings = 'client.id=java-steady\nretries=2147483647\nenable.idempotence=true\nlinger.ms=0\n'
    writeFileSync(system.properties('steady'), `${readFileSync(system.properties('alice'), 'utf8')}${settings}`)
    const count = ['--max-messages', '200', '--throughput', '20']
    const batches = Array.from({ length: 100 }, () => 2)
    const task = {
      clientId: 'js-steady',
      action: 'publish',
      topic,
      partition: 0,
      batches,
      pauseMs: 100,
      retries: 40,
    } as const
    return {
      java: await system.startTool('kafka-verifiable-producer', 'steady', ['--topic', topic, ...count]),
      js: await startKafkaJs(system, 'alice', task),
    }
  }

  const javaOffsets = (output: string) =>
    [...output.matchAll(/"name":"producer_send_success".*"offset":(\d+)/g)].map(([, offset]) => Number(offset))
  const jsOffsets = (output: string) =>
    [...output.matchAll(/^\{"base".*$/gm)].flatMap(([line]) => {
      const { base = 0, count = 0 } = JSON.parse(line) as JsLine
      return Array.from({ length: count }, (_, index) => base + index)
    })

  /** Waits for the producers' own end; gives what each was told to be written. */
  async function finish({ java, js }: Awaited<ReturnType<typeof startProducers>>): Promise<Acknowledged[]> {
    const exits = await Promise.all([java.exited, js.exited])
    expect(exits, java.output() + js.output()).toMatchObject([{ code: 0 }, { code: 0 }])
    const acknowledged = [
      { clientId: 'java-steady', offsets: javaOffsets(java.stdout()) },
      { clientId: 'js-steady', offsets: jsOffsets(js.stdout()) },
    ]
    for (const { clientId, offsets } of acknowledged) expect(new Set(offsets).size, clientId).toBe(200)
    return acknowledged
  }

  async function expectOnRecord(topic: string, acknowledged: readonly Acknowledged[]): Promise<void> {
    await system.shipped()
    const missing: string[] = []
    for (const { clientId, offsets } of acknowledged) {
      for (const offset of offsets) {
        const query = { protocol: 'kafka', action: 'publish', topic, partition: 0, offset } as const
        const { accesses } = await system.api.call('access', { query })
        const writers = accesses.map((access) => `${access.person.subject} ${access.clientId}`)
        if (writers.join() !== `alice ${clientId}`)
          missing.push(`${offset} of ${clientId}: ${writers.join() || 'nobody'}`)
      }
    }
    expect(missing).toEqual([])
  }

  /** Waits until each producer has got so many acknowledgements since it was last asked. */
  const progress = async ({ java, js }: Awaited<ReturnType<typeof startProducers>>, count: number) => {
    const [before, beforeJs] = [javaOffsets(java.stdout()).length, jsOffsets(js.stdout()).length]
    await eventually('the producers to go on', () => {
      const [now, nowJs] = [javaOffsets(java.stdout()).length, jsOffsets(js.stdout()).length]
      return (now >= before + count || !java.running) && (nowJs >= beforeJs + count || !js.running)
    })
  }

  test('the gateway is killed, and later restarted in order: producers go on, nothing acknowledged is off the record', async () => {
    const topic = 'public.restarts'
    const producers = await startProducers(topic)
    await progress(producers, 20)
    await system.gateway.stop('SIGKILL')
    await system.gateway.start()
    await progress(producers, 20)
    await system.gateway.stop()
    await system.gateway.start()
    await expectOnRecord(topic, await finish(producers))
    const { sessions } = await system.api.call('sessions', { query: { subject: 'alice', limit: 1000 } })
    const reasons = sessions.filter((s) => s.clientId?.endsWith('-steady')).map((s) => s.endReason)
    expect(reasons).toContain('drained')
  }, 180_000)

  test('the broker is killed and comes back: clients recover, nothing acknowledged is off the record', async () => {
    const topic = 'public.broker'
    const producers = await startProducers(topic)
    await progress(producers, 20)
    await system.kafka.killNode(1)
    await system.kafka.startNode(1)
    await expectOnRecord(topic, await finish(producers))
  }, 180_000)

  test('the control plane is away: clients notice nothing, and the evidence arrives when it is back', async () => {
    const topic = 'public.away'
    await system.createTopic(topic, 1)
    await system.controlPlane.stop()
    const publish = { clientId: 'js-away', action: 'publish', topic, partition: 0, batches: [5] } as const
    const sent = await runKafkaJs(system, 'alice', publish)
    expect(sent).toMatchObject({ code: 0, lines: [{ base: 0, count: 5 }] })
    const read = await runKafkaJs(system, 'bob', {
      clientId: 'js-away',
      action: 'consume',
      topic,
      group: 'public-away',
      until: 5,
    })
    expect(read.lines).toHaveLength(5)
    const position = ['--topic', topic, '--partition', '0', '--offset', '4']
    const unreachable = await system.weir('evidence', 'who-wrote', ...position)
    expect(unreachable.code).toBe(3)

    await system.controlPlane.start()
    await system.shipped()
    const writer = await system.weir('evidence', 'who-wrote', ...position)
    expect(writer).toMatchObject({ code: 0, stdout: expect.stringMatching(/alice +js-away/) })
    const reader = await system.weir('evidence', 'who-read', ...position)
    expect(reader).toMatchObject({ code: 0, stdout: expect.stringMatching(/bob +js-away +public-away/) })
  })

  describe('tokens that run out', () => {
    type Published = { sessionId?: string; atMs: number; clientId: unknown }
    const published = async (clientId: string): Promise<Published[]> => {
      const query = { type: 'kafka.publish', resource: 'kafka:topic:public.clicks', limit: 1000 }
      const { events } = await system.api.call('evidence', { query })
      return events
        .map(({ sessionId, at, event }) => ({
          sessionId: sessionId!,
          atMs: Date.parse(at),
          clientId: event['clientId'],
        }))
        .filter((event) => event.clientId === clientId)
    }
    const issuer = () => system.sandbox.parts.issuer

    test('producers that renew them (KIP-368) go on in one session for several lifetimes; one that cannot is ended', async () => {
      const seconds = tokenSeconds * 2.5
      const refresh = ['min.period.seconds=1', 'buffer.seconds=1'].flatMap((setting) => [
        '--command-property',
        `sasl.login.refresh.${setting}`,
      ])
      const java = await system.startTool('kafka-console-producer', 'etl', [
        ...['--topic', 'public.clicks', '--timeout', '10', '--command-property', 'client.id=java-renewing', ...refresh],
      ])
      const login = { username: 'etl', password: machines['etl']!, issuer: issuer().issuer }
      const task = { action: 'publish', topic: 'public.clicks', partition: 0, pauseMs: 1_000 } as const
      const batches = Array.from({ length: seconds }, () => 1)
      const js = await startKafkaJs(system, 'etl', { ...task, clientId: 'js-renewing', login, batches })
      const password = await issuer().token('dave', { audience: 'weir', expiresInSeconds: tokenSeconds })
      const fixed = { ...task, clientId: 'js-fixed', login: { username: 'dave', password }, batches }
      const ended = await startKafkaJs(system, 'dave', fixed)
      // The Java client renews when it has something to send, in the last seventh of a token's life.
      for (let count = 0; count < seconds * 4; count++) {
        java.write(`${count}\n`)
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
      java.end()
      expect(await Promise.all([java.exited, js.exited]), java.output() + js.output()).toMatchObject([
        { code: 0 },
        { code: 0 },
      ])
      expect((await ended.exited).code).toBe(1)

      await system.shipped()
      for (const clientId of ['java-renewing', 'js-renewing']) {
        const events = await published(clientId)
        const sessions = new Set(events.map(({ sessionId }) => sessionId))
        expect(sessions.size, clientId).toBe(1)
        const times = events.map(({ atMs }) => atMs)
        expect(Math.max(...times) - Math.min(...times), clientId).toBeGreaterThan(tokenSeconds * 2_000)
      }
      // kafkajs tries to renew with the token that it has, so it may be refused a moment before the end.
      const own = (await published('js-fixed'))[0]!.sessionId!
      const session = await system.api.call('session', { params: { id: own } })
      expect(session.endReason).toMatch(/^(expired|refused)$/)
      expect(Date.parse(session.endedAt!) - Date.parse(session.startedAt)).toBeLessThan(tokenSeconds * 1_000 + 500)
    }, 120_000)
  })
})
