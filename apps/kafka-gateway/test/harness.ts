/**
 * The gateway in this process, in front of a real broker, with a policy given as text and evidence kept in memory.
 * Tokens are signed by a key made for the test and served from a local key set.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import type { EvidenceEvent, Recorder, SequencedEvent } from '@weir/contracts'
import { Guard } from '@weir/guard'
import { createAuthenticator } from '@weir/identity'
import { createLogger, createMetrics, systemClock } from '@weir/kernel'
import { compilePolicy, parsePolicy } from '@weir/policy'
import type { CompiledPolicy } from '@weir/policy'
import { freePort } from '@weir/testing'
import type { Kafka } from '@weir/testing'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { kafkaGatewaySchema } from '../src/config.ts'
import { KafkaGateway } from '../src/gateway.ts'

export const issuer = 'https://issuer.test'

export type Harness = {
  readonly bootstrap: string
  readonly brokerPortBase: number
  readonly events: readonly SequencedEvent[]
  /** The newest events of one kind. */
  of<T extends EvidenceEvent['type']>(type: T): (EvidenceEvent & { type: T })[]
  token(
    subject: string,
    groups?: readonly string[],
    options?: { lifetimeS?: number; audience?: string },
  ): Promise<string>
  applyPolicy(yaml: string): void
  /** While set, evidence cannot be written. */
  failRecording(failing: boolean): void
  logs(): string
  stop(): Promise<void>
}

/** Starts a gateway for `kafka`; `limits` are laid over the defaults. */
export async function startHarness(
  kafka: Kafka,
  policy: string,
  options: { limits?: object; upstream?: object } = {},
): Promise<Harness> {
  const keys = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] }
  const keyServer = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(jwks))
  })
  await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve))
  const port = await freePort()
  const brokerPortBase = await freePort()
  const config = kafkaGatewaySchema.parse({
    gatewayId: 'test',
    dataDir: '/nonexistent',
    admin: { bind: '127.0.0.1:1' },
    identity: { issuers: [{ issuer, audiences: ['weir'] }] },
    controlPlane: {
      url: 'http://127.0.0.1:1',
      bundleKey: 'none',
      credentials: { issuer, clientId: 'gateway', clientSecret: 'none' },
    },
    listener: { bind: `127.0.0.1:${port}`, brokerPortBase },
    upstream: {
      bootstrap: [kafka.bootstrap],
      sasl: { mechanism: 'SCRAM-SHA-256', ...kafka.credential },
      refresh: '1s',
      ...options.upstream,
    },
    limits: { ...options.limits },
  })

  const events: SequencedEvent[] = []
  let failing = false
  const recorder: Recorder = {
    append(event) {
      if (failing) {
        const failure = Promise.reject(new Error('the disk is full'))
        failure.catch(() => undefined)
        return { written: failure, durable: failure }
      }
      events.push({ seq: events.length, atMs: Date.now(), event })
      return { written: Promise.resolve(), durable: Promise.resolve() }
    },
  }
  let current: CompiledPolicy = compile(policy)
  const authenticator = createAuthenticator({
    issuers: [
      {
        issuer,
        audiences: ['weir'],
        algorithms: ['ES256'],
        groupsClaim: 'groups',
        clockToleranceMs: 0,
        jwksUri: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/`,
      },
    ],
    keys: () => undefined,
    clock: systemClock,
  })
  let log = ''
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log += chunk.toString()
      done()
    },
  })
  const metrics = createMetrics()
  const guard = new Guard({ authenticator, policy: { current: () => current }, recorder, clock: systemClock, metrics })
  const gateway = new KafkaGateway({
    config,
    frame: { guard, addReadiness: () => undefined, hasPolicy: Promise.resolve() },
    logger: createLogger({ app: 'test', destination }),
    metrics,
  })
  await gateway.start()

  return {
    bootstrap: `127.0.0.1:${port}`,
    brokerPortBase,
    events,
    of: <T extends EvidenceEvent['type']>(type: T) =>
      events.map((e) => e.event).filter((event): event is EvidenceEvent & { type: T } => event.type === type),
    token: (subject, groups = [], { lifetimeS = 3600, audience = 'weir' } = {}) =>
      new SignJWT({ groups: [...groups] })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeS)
        .sign(keys.privateKey),
    applyPolicy(yaml) {
      current = compile(yaml)
      guard.policyChanged()
    },
    failRecording(value) {
      failing = value
    },
    logs: () => log,
    async stop() {
      await gateway.stop()
      keyServer.closeAllConnections()
      await new Promise((resolve) => keyServer.close(resolve))
    },
  }
}

function compile(yaml: string): CompiledPolicy {
  const { policy, revision, problems } = parsePolicy(yaml)
  if (policy === undefined) throw new Error(problems.map((p) => `${p.line}:${p.column} ${p.message}`).join('\n'))
  return compilePolicy(policy, revision)
}
