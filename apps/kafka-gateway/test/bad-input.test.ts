/** What no client library sends. Each answer is Kafka's own, and other connections go on. */
import {
  apiVersions,
  createTopics,
  decodeResponse,
  encodeRequest,
  errorCode,
  fetch,
  heartbeat,
  metadata,
  produce,
  saslAuthenticate,
  saslHandshake,
} from '@weir/kafka-protocol'
import { needs, startKafka } from '@weir/testing'
import type { Kafka } from '@weir/testing'
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

describe.skipIf(!needs('kafka'))('bad input', () => {
  let kafka: Kafka
  let gateway: Harness
  let bystander: WireClient
  beforeAll(async () => {
    kafka = await startKafka()
    gateway = await startHarness(kafka, policy, {
      limits: { authenticationTimeout: '700ms', maxFrameBytesBeforeAuthentication: '16KiB', maxFrameBytes: '1MiB' },
    })
    bystander = await WireClient.login(gateway.bootstrap, await gateway.token('bystander', ['team']))
    await bystander.ask(createTopics, 5, {
      topics: [{ name: 'open.a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    })
  })
  afterAll(async () => {
    bystander?.close()
    await gateway?.stop()
    await kafka?.stop()
  })

  /** Another connection still works, so the fault stayed where it was. */
  async function expectOthersUnharmed(): Promise<void> {
    const answer = await bystander.ask(metadata, 12, {
      topics: [{ topicId: zeroId, name: 'open.a' }],
      allowAutoTopicCreation: false,
    })
    expect(answer.topics[0]?.errorCode).toBe(errorCode.NONE)
  }
  const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'

  test.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['a TLS hello', Buffer.from('160301020001000001fc0303', 'hex')],
    ['a negative size', Buffer.from('ffffffff', 'hex')],
    ['a size above the limit before authentication', Buffer.from('00010000', 'hex')],
    ['a size of zero', Buffer.alloc(4)],
    ['a header cut short', Buffer.from('0000000200', 'hex')],
    ['an unknown API', encodeHeader(9_999, 0)],
    [
      'a request before authentication',
      encodeRequest(
        heartbeat,
        0,
        { correlationId: 1, clientId: 'x' },
        { groupId: 'g', generationId: 1, memberId: 'm' },
      ),
    ],
  ])('%s closes the connection', async (_name, bytes) => {
    const client = await WireClient.open(gateway.bootstrap)
    client.raw(bytes)
    await client.closed
    await expectOthersUnharmed()
  })

  test('a client that says nothing is closed when its time to authenticate is over', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    await client.closed
    expect(gateway.logs()).toContain('did not authenticate in time')
  })

  test('ApiVersions above ours is answered in v0 with 35 and our own range', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    // Header v2 as every version from 3 on: with an empty tag section; the body is not looked at.
    client.raw(encodeHeader(18, 99, Buffer.from('00ffffff', 'hex')))
    const { body } = decodeResponse(apiVersions, 0, await client.next())
    expect(body).toMatchObject({ errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] })
    expect((await client.versions()).errorCode).toBe(0)
    client.close()
  })

  test('ApiVersions offers what is served, and no feature of what is not', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    const answer = await client.versions()
    const keys = answer.apiKeys.map((k) => k.apiKey)
    expect(keys).toEqual([
      0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 32, 36, 37, 60, 68, 69, 75,
    ])
    expect(answer.apiKeys.find((k) => k.apiKey === 0)).toMatchObject({ minVersion: 0, maxVersion: 13 })
    expect(answer.finalizedFeatures.map((f) => f.name)).not.toContain('transaction.version')
    expect(answer.finalizedFeatures.map((f) => f.name)).toContain('group.version')
    client.close()
  })

  test('client software names that a broker refuses are refused', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    const answer = await client.ask(apiVersions, 3, { clientSoftwareName: '-bad name-', clientSoftwareVersion: '1' })
    expect(answer.errorCode).toBe(errorCode.INVALID_REQUEST)
    client.close()
  })

  test('an unsupported mechanism is answered with the list, then the connection ends', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    const answer = await client.ask(saslHandshake, 1, { mechanism: 'GSSAPI' })
    expect(answer).toMatchObject({ errorCode: 33, mechanisms: ['PLAIN', 'OAUTHBEARER'] })
    await client.closed
  })

  test('SaslAuthenticate without a handshake is out of turn', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    const answer = await client.ask(saslAuthenticate, 2, { authBytes: Buffer.from('\0a\0b') })
    expect(answer.errorCode).toBe(errorCode.ILLEGAL_SASL_STATE)
    await client.closed
  })

  test.each([
    ['expired', async () => gateway.token('alice', ['team'], { lifetimeS: -60 }), /expired/],
    [
      'for another audience',
      async () => gateway.token('alice', ['team'], { audience: 'elsewhere' }),
      /expected here: weir/,
    ],
    [
      'unsigned',
      async () => `${b64({ alg: 'none' })}.${b64({ iss: 'https://issuer.test', sub: 'alice', aud: 'weir' })}.`,
      /algorithm/,
    ],
    ['not a token', async () => 'hunter2', /./],
  ])('a token that is %s is refused with 58 and a reason', async (_name, make, reason) => {
    const token = await make()
    const client = await WireClient.open(gateway.bootstrap)
    const answer = await client.authenticate(token)
    expect(answer.errorCode).toBe(errorCode.SASL_AUTHENTICATION_FAILED)
    expect(answer.errorMessage).toMatch(reason)
    expect(answer.errorMessage).not.toContain(token)
    expect(gateway.logs()).not.toContain(token)
    await client.closed
  })

  test('the handshake of old clients, version 0 with bare tokens, works', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    await client.ask(saslHandshake, 0, { mechanism: 'PLAIN' })
    const message = Buffer.from(`\0user\0${await gateway.token('old', ['team'])}`)
    const frame = Buffer.alloc(4 + message.length)
    frame.writeInt32BE(message.length)
    message.copy(frame, 4)
    client.raw(frame)
    expect(await client.next()).toHaveLength(0)
    const answer = await client.ask(metadata, 1, { topics: [] })
    expect(answer.brokers).toHaveLength(1)
    client.close()
  })

  test('the lifetime is announced, re-authentication takes the same principal only, and expiry ends the connection', async () => {
    const client = await WireClient.open(gateway.bootstrap)
    const first = await client.authenticate(await gateway.token('short', ['team'], { lifetimeS: 3 }))
    expect(Number(first.sessionLifetimeMs)).toBeGreaterThan(1_000)
    expect(Number(first.sessionLifetimeMs)).toBeLessThanOrEqual(3_000)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const second = await client.authenticate(await gateway.token('short', ['team'], { lifetimeS: 3 }))
    expect(second.errorCode).toBe(0)
    await client.ask(metadata, 1, { topics: [] })
    await client.closed
    expect(gateway.of('session.end').at(-1)?.reason).toBe('expired')

    const other = await WireClient.login(gateway.bootstrap, await gateway.token('mallory', ['team']))
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const refused = await other.authenticate(await gateway.token('bystander', ['team']))
    expect(refused.errorCode).toBe(errorCode.SASL_AUTHENTICATION_FAILED)
    await other.closed
  })

  test('a request above the limit or with bytes left over closes the connection', async () => {
    const big = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    big.raw(Buffer.from('00200000', 'hex'))
    await big.closed
    const trailing = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    const request = encodeRequest(metadata, 1, { correlationId: 1, clientId: 'x' }, { topics: [] })
    const longer = Buffer.concat([request, Buffer.from([0])])
    longer.writeInt32BE(longer.length - 4)
    trailing.raw(longer)
    await trailing.closed
    await expectOthersUnharmed()
  })

  test('a frame that arrives byte by byte is served', async () => {
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    const request = encodeRequest(metadata, 1, { correlationId: 7, clientId: 'x' }, { topics: [] })
    for (const byte of request) {
      client.raw(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(decodeResponse(metadata, 1, await client.next()).correlationId).toBe(7)
    client.close()
  })

  test('1,000 pipelined requests are answered in order, refused ones between allowed ones', async () => {
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    const ids: number[] = []
    for (let i = 0; i < 1_000; i++) {
      const name = i % 3 === 0 ? 'closed.b' : 'open.a'
      ids.push(client.post(metadata, 4, { topics: [{ name, topicId: zeroId }], allowAutoTopicCreation: false }))
    }
    for (const [i, id] of ids.entries()) {
      const { correlationId, body } = decodeResponse(metadata, 4, await client.next())
      expect(correlationId).toBe(id)
      expect(body.topics[0]?.errorCode).toBe(i % 3 === 0 ? errorCode.TOPIC_AUTHORIZATION_FAILED : 0)
    }
    client.close()
  })

  test('a replica id is refused, even to somebody who may read the topic', async () => {
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    for (const replicaId of [0, 1, -2, -3]) {
      const answer = await client.ask(fetch, 11, {
        replicaId,
        maxWaitMs: 10,
        minBytes: 0,
        topics: [{ topic: 'open.a', partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1024 }] }],
        forgottenTopicsData: [],
      })
      expect(answer.responses[0]?.partitions[0]?.errorCode).toBe(errorCode.TOPIC_AUTHORIZATION_FAILED)
    }
    client.close()
  })

  test('a denied produce with acks=0 has no answer: the connection ends, and the denial is on record', async () => {
    const client = await WireClient.login(gateway.bootstrap, await gateway.token('alice', ['team']))
    client.post(produce, 9, {
      transactionalId: null,
      acks: 0,
      timeoutMs: 1_000,
      topicData: [{ name: 'closed.b', partitionData: [{ index: 0, records: Buffer.alloc(0) }] }],
    })
    await client.closed
    expect(client.received).toBe(0)
    expect(gateway.of('decision.deny').at(-1)).toMatchObject({ action: 'publish', resource: 'kafka:topic:closed.b' })
  })

  function b64(value: object): string {
    return Buffer.from(JSON.stringify(value)).toString('base64url')
  }
})

function encodeHeader(apiKey: number, version: number, rest = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(4 + 10)
  bytes.writeInt32BE(10 + rest.length)
  bytes.writeInt16BE(apiKey, 4)
  bytes.writeInt16BE(version, 6)
  bytes.writeInt32BE(1, 8)
  bytes.writeInt16BE(-1, 12)
  return Buffer.concat([bytes, rest])
}
