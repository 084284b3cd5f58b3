/**
 * The gateway in this process, in front of a real broker, with a policy given as text and evidence kept in memory.
 * Tokens are signed by a key made for the test and served from a local key set.
 */
import { Writable } from 'node:stream'
import type { EvidenceEvent, SequencedEvent } from '@weir/contracts'
import { Guard } from '@weir/guard'
import { createLogger, createMetrics, systemClock } from '@weir/kernel'
import { compilePolicy, describePolicyProblems, parsePolicy } from '@weir/policy'
import type { CompiledPolicy } from '@weir/policy'
import { freePort } from '@weir/testing'
import type { Kafka } from '@weir/testing'
import { kafkaGatewaySchema } from '../src/config.ts'
import { KafkaGateway } from '../src/gateway.ts'
import { audience, issuer, startTestIssuer } from './harness-issuer.ts'
import type { TestIssuer } from './harness-issuer.ts'
import { MemoryRecord } from './harness-record.ts'

export type Harness = {
  readonly bootstrap: string
  readonly brokerPortBase: number
  readonly events: readonly SequencedEvent[]
  /** The newest events of one kind. */
  of<T extends EvidenceEvent['type']>(type: T): (EvidenceEvent & { type: T })[]
  token: TestIssuer['token']
  applyPolicy(yaml: string): void
  /** While set, evidence cannot be written. */
  failRecording(failing: boolean): void
  /** Why a part is not ready; undefined when it is. */
  problem(part: 'cluster' | 'listener'): string | undefined
  logs(): string
  stop(): Promise<void>
}

export type HarnessOptions = { readonly limits?: object; readonly upstream?: object; readonly listener?: object }

/** Starts a gateway for `kafka`; `limits`, `upstream` and `listener` are laid over the defaults. */
export async function startHarness(kafka: Kafka, policy: string, options: HarnessOptions = {}): Promise<Harness> {
  const harness = await prepareHarness(kafka, policy, options)
  await harness.start()
  return harness
}

/** A gateway that is yet to be started: `start` waits for the broker, and what is wrong can be asked meanwhile. */
export async function prepareHarness(
  kafka: Kafka,
  policy: string,
  options: HarnessOptions = {},
): Promise<Harness & { start(): Promise<void> }> {
  const testIssuer = await startTestIssuer()
  const port = await freePort()
  const brokerPortBase = await freePort()
  const record = new MemoryRecord()
  const metrics = createMetrics()
  let current = compile(policy)
  const guard = new Guard({
    authenticator: testIssuer.authenticator,
    policy: { current: () => current },
    recorder: record,
    clock: systemClock,
    metrics,
  })
  const probes = new Map<string, () => string | undefined>()
  const log = new TextSink()
  const gateway = new KafkaGateway({
    config: configFor(kafka, { port, brokerPortBase }, options),
    frame: { guard, addReadiness: (part, probe) => void probes.set(part, probe), hasPolicy: Promise.resolve() },
    logger: createLogger({ app: 'test', destination: log }),
    metrics,
  })
  return {
    bootstrap: `127.0.0.1:${port}`,
    brokerPortBase,
    events: record.events,
    of: (type) => record.of(type),
    token: testIssuer.token,
    applyPolicy(yaml) {
      current = compile(yaml)
      guard.policyChanged()
    },
    failRecording(failing) {
      record.failing = failing
    },
    problem: (part) => probes.get(part)?.(),
    logs: () => log.text,
    start: () => gateway.start(),
    async stop() {
      await gateway.stop()
      await testIssuer.stop()
    },
  }
}

function configFor(
  kafka: Kafka,
  at: { port: number; brokerPortBase: number },
  { limits, upstream, listener }: HarnessOptions,
) {
  return kafkaGatewaySchema.parse({
    gatewayId: 'test',
    dataDir: '/nonexistent',
    admin: { bind: '127.0.0.1:1' },
    identity: { issuers: [{ issuer, audiences: [audience] }] },
    controlPlane: {
      url: 'http://127.0.0.1:1',
      bundleKey: 'none',
      credentials: { issuer, clientId: 'gateway', clientSecret: 'none' },
    },
    listener: { bind: `127.0.0.1:${at.port}`, brokerPortBase: at.brokerPortBase, ...listener },
    upstream: {
      bootstrap: [kafka.bootstrap],
      sasl: { mechanism: 'SCRAM-SHA-256', ...kafka.credential },
      refresh: '1s',
      ...upstream,
    },
    limits: { ...limits },
  })
}

class TextSink extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

function compile(yaml: string): CompiledPolicy {
  const { policy, revision, problems } = parsePolicy(yaml)
  if (policy === undefined) throw new Error(describePolicyProblems(problems).join('\n'))
  return compilePolicy(policy, revision)
}
