/** TLS on the listener: real clients, and those that should not get through. */
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { createTopics, errorCode, metadata } from '@weir/kafka-protocol'
import { createAuthority, kafkaTool, needs, runProcess, startKafka, temporaryFolder } from '@weir/testing'
import type { Authority, Kafka, TemporaryFolder } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHarness } from './harness.ts'
import type { Harness } from './harness.ts'
import { WireClient } from './wire.ts'

const policy = `
version: 1
rules:
  - id: all
    subjects: [{ group: team }]
    actions: [publish, consume, describe, create]
    resources: ["kafka:topic:open.*", "kafka:group:*"]
    effect: allow
`
const limitMs = 1_500

describe.skipIf(!needs('kafka'))('TLS on the listener', () => {
  let kafka: Kafka
  let authority: Authority
  let stranger: Authority
  let folder: TemporaryFolder
  let server: { certificate: string; key: string }
  let gateway: Harness
  const started: Harness[] = []

  beforeAll(async () => {
    folder = temporaryFolder()
    ;[kafka, authority, stranger] = await Promise.all([
      startKafka(),
      createAuthority('ours'),
      createAuthority('theirs'),
    ])
    writeFileSync(join(folder.path, 'ca.pem'), authority.ca)
    writeFileSync(join(folder.path, 'other.pem'), stranger.ca)
    server = await authority.issue({ commonName: 'gateway', names: 'DNS:localhost,IP:127.0.0.1' })
    gateway = await start({ tls: server })
    const client = await logIn()
    await client.ask(createTopics, 5, {
      topics: [{ name: 'open.a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    })
    client.close()
  })
  afterAll(async () => {
    for (const harness of started) await harness.stop()
    await kafka?.stop()
    for (const part of [authority, stranger, folder]) part?.remove()
  })

  async function start(listener: object): Promise<Harness> {
    const harness = await startHarness(kafka, policy, {
      listener,
      limits: { authenticationTimeout: `${limitMs}ms`, maxConnections: 6 },
    })
    started.push(harness)
    return harness
  }

  async function logIn(to = gateway, options: ConnectionOptions = {}, at = to.bootstrap): Promise<WireClient> {
    const client = await WireClient.open(at, { ca: authority.ca, ...options })
    expect((await client.authenticate(await to.token('alice', ['team']))).errorCode).toBe(errorCode.NONE)
    return client
  }

  const askTopic = async (client: WireClient) => {
    const topics = [{ name: 'open.a', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }]
    return (await client.ask(metadata, 12, { topics, allowAutoTopicCreation: false })).topics[0]
  }

  /** A properties file for the Java tools; a token fits into it, and not into a line of kcat's. */
  async function properties(name: string, ca: string): Promise<string> {
    const path = join(folder.path, `${name}.properties`)
    const login = `username="alice" password="${await gateway.token('alice', ['team'])}"`
    const lines = [
      'security.protocol=SASL_SSL',
      'sasl.mechanism=PLAIN',
      `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required ${login};`,
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${join(folder.path, ca)}`,
      'request.timeout.ms=5000',
      'default.api.timeout.ms=10000',
    ]
    writeFileSync(path, lines.join('\n'))
    return path
  }

  async function kcat(args: readonly string[], ca: string, input = '') {
    const token = await gateway.token('alice', ['team'])
    const tls = ['security.protocol=SASL_SSL', `ssl.ca.location=${join(folder.path, ca)}`]
    const settings = [...tls, 'sasl.mechanism=PLAIN', 'sasl.username=alice', `sasl.password=${token}`]
    const options = settings.flatMap((setting) => ['-X', setting])
    return runProcess('kcat', ['-b', gateway.bootstrap, ...options, ...args], { input, timeoutMs: 60_000 })
  }

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s is spoken, on the bootstrap port and on a broker’s',
    async (version) => {
      for (const at of [gateway.bootstrap, `127.0.0.1:${gateway.brokerPortBase + 1}`]) {
        const client = await logIn(gateway, { minVersion: version, maxVersion: version }, at)
        expect((await askTopic(client))?.errorCode).toBe(errorCode.NONE)
        client.close()
      }
    },
  )

  test('what is older is not spoken', async () => {
    const old = { ca: authority.ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(WireClient.open(gateway.bootstrap, old)).rejects.toThrow()
  })

  test('the Java tools publish and consume over SASL_SSL', { timeout: 90_000 }, async () => {
    const config = ['--bootstrap-server', gateway.bootstrap, '--command-config', await properties('java', 'ca.pem')]
    const topic = ['--topic', 'open.a']
    const sent = await runProcess(kafkaTool('kafka-console-producer'), [...config, ...topic], { input: 'from Java\n' })
    expect(sent.stderr).toBe('')
    const reading = [...config, ...topic, '--from-beginning', '--max-messages', '1', '--timeout-ms', '30000']
    const read = await runProcess(kafkaTool('kafka-console-consumer'), reading, { timeoutMs: 60_000 })
    expect(read.stdout).toBe('from Java\n')
  })

  test.skipIf(!needs('kcat'))('kcat publishes and consumes over SASL_SSL', { timeout: 60_000 }, async () => {
    expect(await kcat(['-P', '-t', 'open.a'], 'ca.pem', 'from kcat\n')).toMatchObject({ code: 0 })
    const { stdout } = await kcat(['-C', '-t', 'open.a', '-o', 'beginning', '-e', '-q'], 'ca.pem')
    expect(stdout).toContain('from kcat')
  })

  test('clients that trust another authority go away, and it is told once each', { timeout: 90_000 }, async () => {
    await expect(WireClient.open(gateway.bootstrap, { ca: stranger.ca })).rejects.toThrow(/certificate/)
    const args = ['--bootstrap-server', gateway.bootstrap, '--command-config', await properties('wrong', 'other.pem')]
    const java = await runProcess(kafkaTool('kafka-topics'), [...args, '--list'], { timeoutMs: 60_000 })
    expect(java.stdout + java.stderr).toContain('SslAuthenticationException')
    await expect
      .poll(() => gateway.logs())
      .toMatch(/"reason":"[^"]*certificate[^"]*",.*"message":"TLS handshake failed"/)
  })

  test.skipIf(!needs('kcat'))('kcat that trusts another authority says so', { timeout: 60_000 }, async () => {
    const { code, stderr } = await kcat(['-L', '-m', '5'], 'other.pem')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/certificate/)
  })

  test('a plain client on the TLS port is closed at once, with a line in the log', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    const began = performance.now()
    client.versions().catch(() => undefined)
    await client.closed
    expect(performance.now() - began).toBeLessThan(limitMs / 2)
    expect(gateway.logs()).toMatch(/"reason":"(wrong version number|packet length too long)".*TLS handshake failed/)
  })

  test('a TLS client on a plain port is closed at once, with a line in the log', async () => {
    const plain = await start({})
    const began = performance.now()
    await expect(WireClient.open(plain.bootstrap, { ca: authority.ca })).rejects.toThrow()
    expect(performance.now() - began).toBeLessThan(limitMs / 2)
    expect(plain.logs()).toMatch(/WEIR_PROTOCOL_ERROR.*connection closed/)
  })

  test('the time for a handshake is limited, also for one that crawls, and it counts as a connection', async () => {
    const quiet = await start({ tls: server })
    const began = performance.now()
    const [host, port] = quiet.bootstrap.split(':')
    const sockets = Array.from({ length: 6 }, () => connect({ host: host as string, port: Number(port) }))
    const [crawling] = sockets
    let written = 0
    // The beginning of a ClientHello that goes on for long.
    const hello = Buffer.concat([Buffer.from('160301020001000001fc0303', 'hex'), Buffer.alloc(400)])
    const crawl = setInterval(() => crawling?.write(hello.subarray(written, ++written)), 50)
    const closed = sockets.map((socket) => {
      socket.on('error', () => undefined)
      return new Promise((resolve) => socket.once('close', resolve))
    })
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    await expect(WireClient.open(quiet.bootstrap, { ca: authority.ca })).rejects.toThrow()
    await Promise.all(closed)
    clearInterval(crawl)
    expect(performance.now() - began).toBeGreaterThan(limitMs * 0.8)
    expect(performance.now() - began).toBeLessThan(limitMs * 3)
    expect(quiet.logs().match(/not done in time/g)).toHaveLength(6)
    ;(await logIn(quiet)).close()
  })

  test('the handshake takes from the time to log in', async () => {
    const began = performance.now()
    const client = await WireClient.open(gateway.bootstrap, { ca: authority.ca })
    await client.closed
    expect(performance.now() - began).toBeLessThan(limitMs * 1.5)
    expect(gateway.logs()).toContain('did not authenticate in time')
  })

  test('a look whether the port is open is not logged, and stopping ends handshakes under way', async () => {
    const quiet = await start({ tls: server })
    const [host, port] = quiet.bootstrap.split(':')
    const look = () => connect({ host: host as string, port: Number(port) }).on('error', () => undefined)
    const first = look()
    await new Promise((resolve) => first.once('connect', resolve))
    first.end()
    const second = look()
    const ended = new Promise((resolve) => second.once('close', resolve))
    await new Promise((resolve) => second.once('connect', resolve))
    await new Promise((resolve) => setTimeout(resolve, 50))
    started.splice(started.indexOf(quiet), 1)
    await quiet.stop()
    await ended
    expect(quiet.logs()).not.toContain('TLS handshake failed')
  })

  describe('client certificates', () => {
    const from = async (issuer: Authority) => {
      const { certificate, key } = await issuer.issue({ commonName: 'app' })
      return { cert: certificate, key }
    }
    /** With TLS 1.3 the client is done before the server looks at its certificate, so only the first answer tells. */
    const isRefused = async (at: string, options: object) => {
      const client = await WireClient.open(at, { ca: authority.ca, ...options })
      return client.versions().then(
        () => false,
        () => true,
      )
    }

    test('required: without one, and with one of somebody else, nobody gets in; SASL still says who it is', async () => {
      const strict = await start({ tls: { ...server, clientCa: authority.ca, clientAuth: 'required' } })
      expect(await isRefused(strict.bootstrap, {})).toBe(true)
      expect(await isRefused(strict.bootstrap, await from(stranger))).toBe(true)
      expect(strict.logs()).toContain('the client showed no certificate')
      expect(strict.logs()).toMatch(/certificate of the client is refused: [A-Z_]+/)
      ;(await logIn(strict, await from(authority))).close()
    })

    test('optional: none is accepted, one of somebody else is not', async () => {
      const loose = await start({ tls: { ...server, clientCa: authority.ca, clientAuth: 'optional' } })
      expect(await isRefused(loose.bootstrap, {})).toBe(false)
      expect(await isRefused(loose.bootstrap, await from(authority))).toBe(false)
      expect(await isRefused(loose.bootstrap, await from(stranger))).toBe(true)
    })
  })

  test('a client that breaks off in the middle of TLS harms nobody', async () => {
    const [host, port] = gateway.bootstrap.split(':')
    const socket = connect({ host: host as string, port: Number(port) })
    const secure = connectTls({ socket, ca: authority.ca })
    secure.on('error', () => undefined)
    await new Promise((resolve) => secure.once('secureConnect', resolve))
    socket.resetAndDestroy()
    const client = await logIn()
    expect((await askTopic(client))?.errorCode).toBe(errorCode.NONE)
    client.close()
  })
})
