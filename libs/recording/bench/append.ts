/**
 * What recording costs the main thread: µs of CPU per event, with everything on (encoding, group commit, sealing behind it).
 * Run: node libs/recording/bench/append.ts [events]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemClock } from '@weir/kernel'
import type { KafkaAccess } from '@weir/contracts'
import { installationKey, openSpool } from '../src/index.ts'

const total = Number(process.argv[2] ?? 400_000)
const dir = mkdtempSync(join(tmpdir(), 'weir-spool-'))
const spool = await openSpool({
  dir: join(dir, 'spool'),
  gatewayId: 'bench',
  signingKey: await installationKey(dir),
  clock: systemClock,
})

for (let i = 0; i < 50; i++) {
  spool.append(
    {
      type: 'session.start',
      sessionId: `ses_${i}`,
      protocol: 'kafka',
      principal: {
        issuer: 'https://issuer.example',
        subject: `person-${i}`,
        displayName: undefined,
        groups: ['payments', 'analysts'],
        clientId: 'app',
        actors: [],
        method: 'jwt',
        credentialId: `jti-${i}`,
        expiresAtMs: 1,
      },
      peerAddress: '10.0.0.1',
      peerPort: i,
      mechanism: 'OAUTHBEARER',
      clientId: 'app',
      clientSoftware: undefined,
    },
    'buffered',
  )
}

/** Fresh strings, as a decoder would make them: a string that was looked up before has its hash already. */
function access(i: number): KafkaAccess {
  return {
    type: i % 2 === 0 ? 'kafka.publish' : 'kafka.consume',
    sessionId: `ses_${i % 50}`,
    topic: `payments.topic-${i % 20}`,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    partition: i % 12,
    firstOffset: i * 100,
    lastOffset: i * 100 + 99,
    runs: undefined,
    records: 100,
    bytes: 100_000,
    clientId: `client-${i % 50}`,
    group: i % 2 === 0 ? undefined : `group-${i % 5}`,
    requestedOffset: i % 2 === 0 ? undefined : i * 100,
    producerId: i % 2 === 0 ? 1000 + (i % 50) : undefined,
    producerEpoch: i % 2 === 0 ? 0 : undefined,
    baseSequence: i % 2 === 0 ? i * 100 : undefined,
    ruleId: 'payments-consumers',
    policyRevision: '0123456789abcdef',
    level: 'meta',
  }
}

async function run(perTurn: number, record: boolean): Promise<{ cpuUs: number; processUs: number; wallMs: number }> {
  const started = performance.now()
  const process0 = process.cpuUsage()
  const thread0 = process.threadCpuUsage()
  let last: Promise<void> | undefined
  for (let i = 0; i < total;) {
    for (let n = 0; n < perTurn; n++, i++) {
      const event = access(i)
      if (record) last = spool.append(event, 'buffered').written
    }
    await (last ?? nextTurn())
    if (last !== undefined) await nextTurn()
  }
  const thread = process.threadCpuUsage(thread0)
  const whole = process.cpuUsage(process0)
  return {
    cpuUs: thread.user + thread.system,
    processUs: whole.user + whole.system,
    wallMs: performance.now() - started,
  }
}

async function acknowledgeAll(signal: AbortSignal): Promise<void> {
  for (;;) await spool.acknowledge((await spool.next(signal)).header)
}

const stop = new AbortController()
const shipping = acknowledgeAll(stop.signal).catch(() => {})
await run(100, true)
for (const perTurn of [1, 10, 100]) {
  const empty = await run(perTurn, false)
  const full = await run(perTurn, true)
  const us = (value: number) => (value / total).toFixed(2)
  console.log(
    `${perTurn} events per turn: ${us(full.cpuUs - empty.cpuUs)} µs main-thread CPU per event,`,
    `${us(full.processUs - empty.processUs)} µs of the whole process, ${Math.round((total / full.wallMs) * 1000)} events/s`,
  )
}
stop.abort()
await shipping
await spool.close()
rmSync(dir, { recursive: true })
