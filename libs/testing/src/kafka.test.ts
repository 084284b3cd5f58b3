import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafkaTool } from './kafka-distribution.ts'
import { startKafka } from './kafka.ts'
import type { Kafka } from './kafka.ts'
import { runProcess } from './process.ts'
import { needs } from './servers.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe.skipIf(!needs('kafka'))('a broker with its defaults', () => {
  const folder = temporaryFolder()
  let kafka: Kafka
  beforeAll(async () => {
    kafka = await startKafka({
      users: [{ username: 'nobody', password: 'nothing' }],
      authorizer: true,
      plainListeners: { DIRECT: {}, RELAYED: { advertisedPort: 1 } },
    })
  })
  afterAll(async () => {
    await kafka.stop()
    folder.remove()
  })

  const login = (mechanism: string, username: string, password: string) => {
    const module = mechanism === 'PLAIN' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule'
    const path = join(folder.path, `${mechanism}-${username}-${password}.properties`)
    writeFileSync(
      path,
      `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=${mechanism}\n` +
        `sasl.jaas.config=org.apache.kafka.common.security.${module} required username="${username}" password="${password}";\n`,
    )
    return ['--command-config', path]
  }
  const topics = (args: readonly string[]) =>
    runProcess(kafkaTool('kafka-topics.sh'), ['--bootstrap-server', kafka.bootstrap, ...args])

  test('the stock tools work as its credential', async () => {
    await kafka.admin.expect('kafka-topics', ['--create', '--topic', 'orders', '--partitions', '3'])
    await kafka.admin.expect('kafka-console-producer', ['--topic', 'orders'], { input: 'one\ntwo\n' })
    const consumed = ['--topic', 'orders', '--from-beginning', '--max-messages', '2', '--timeout-ms', '20000']
    expect((await kafka.admin.expect('kafka-console-consumer', consumed)).split('\n').toSorted()).toEqual([
      '',
      'one',
      'two',
    ])
  })

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    '%s lets the credential in and a wrong password not',
    async (mechanism) => {
      const { username, password } = kafka.credential
      expect((await topics([...login(mechanism, username, password), '--list'])).code).toBe(0)
      const refused = await topics([...login(mechanism, username, 'wrong'), '--list'])
      expect(refused.code).toBe(1)
      expect(refused.stdout + refused.stderr).toContain('SaslAuthenticationException')
    },
  )

  test('a further user has no rights where the authorizer is on', async () => {
    const { stdout, stderr, code } = await topics([
      ...login('PLAIN', 'nobody', 'nothing'),
      '--create',
      '--topic',
      'mine',
    ])
    expect(code).toBe(1)
    expect(stdout + stderr).toContain('TopicAuthorizationException')
  })

  test('a tool that fails says why', async () => {
    await expect(kafka.admin.expect('kafka-topics', ['--describe', '--topic', 'absent'])).rejects.toThrow(
      /exited with 1:[^]*absent/,
    )
  })

  test('plain listeners demand nothing, and advertise themselves or the relay', async () => {
    const { plainPorts } = kafka.brokers[0]!
    const versions = (name: string) =>
      runProcess(kafkaTool('kafka-broker-api-versions'), ['--bootstrap-server', `127.0.0.1:${plainPorts[name]}`])
    expect((await versions('DIRECT')).stdout).toContain(`127.0.0.1:${plainPorts['DIRECT']} (id: 1`)
    expect((await versions('RELAYED')).stdout).toContain('127.0.0.1:1 (id: 1')
  })
})

describe.skipIf(!needs('kafka'))('a broker with a folder of its own', () => {
  const folder = temporaryFolder()
  const properties = { 'auto.create.topics.enable': 'false' }
  afterAll(() => folder.remove())

  test('keeps its data over a stop', async () => {
    const first = await startKafka({ dir: folder.path, properties })
    await first.admin.expect('kafka-topics', ['--create', '--topic', 'kept'])
    await first.stop()
    const second = await startKafka({ dir: folder.path, properties })
    expect(await second.admin.expect('kafka-topics', ['--list'])).toBe('kept\n')
    await second.stop()
  })

  test('comes back after a crash, with the properties it was given', async () => {
    const kafka = await startKafka({ dir: folder.path, properties })
    await kafka.killNode(1)
    await kafka.startNode(1)
    const args = ['--topic', 'absent', '--command-property', 'max.block.ms=2000']
    const { stdout, stderr } = await kafka.admin.run('kafka-console-producer', args, { input: 'x\n' })
    expect(stdout + stderr).toMatch(/not present in metadata|UNKNOWN_TOPIC_OR_PARTITION/)
    await kafka.stop()
  })
})

describe.skipIf(!needs('kafka'))('three brokers', () => {
  test('replicate a topic', async () => {
    const kafka = await startKafka({ brokers: 3 })
    expect(kafka.brokers.map((broker) => broker.id)).toEqual([1, 2, 3])
    await kafka.admin.expect('kafka-topics', ['--create', '--topic', 'wide', '--replication-factor', '3'])
    expect(await kafka.admin.expect('kafka-topics', ['--describe', '--topic', 'wide'])).toMatch(
      /Replicas: (?=.*1)(?=.*2)(?=.*3)/,
    )
    await kafka.stop()
  })
})
