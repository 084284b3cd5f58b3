/**
 * Evidence into PostgreSQL (its own settings, fsync on) from end to end: HTTP, token, signature, unzip, parse, compare-and-set
 * and index; then who read a position, over as many index rows as asked for. The control plane runs in a process of its own.
 * Run: node apps/control-plane/test/bench/ingest.ts [--segments 400] [--gateways 4] [--rows 1000000]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { SealedSegment, SegmentAnswer } from '@weir/contracts'
import { freePort, needs, startPostgres, startProcess } from '@weir/testing'
import pg from 'pg'
import { heartbeatOf, segmentInput } from '../control-plane.ts'
import { startIssuer } from '../issuer.ts'
import { newSigningKey } from '../segments.ts'
import type { Mix } from './gateways.ts'
import { sealLoad } from './gateways.ts'
import { measureLookups } from './lookups.ts'

const { values } = parseArgs({
  options: {
    segments: { type: 'string', default: '400' },
    gateways: { type: 'string', default: '4' },
    rows: { type: 'string', default: '1000000' },
  },
})
const [segments, gateways, rows] = [Number(values.segments), Number(values.gateways), Number(values.rows)]
const ids = Array.from({ length: gateways }, (_, n) => `kafka-${n + 1}`)
const key = newSigningKey()

if (!needs('postgres')) {
  process.stderr.write('PostgreSQL is not installed. On Debian: apt-get install postgresql\n')
  process.exitCode = 1
} else {
  for (const mix of ['following', 'scattered'] as const) await measureIngest(mix)
  if (rows > 0) await measureLookups(rows)
}

async function measureIngest(mix: Mix): Promise<void> {
  const postgres = await startPostgres({ durable: true })
  const issuer = await startIssuer()
  const dir = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  const port = await freePort()
  const config = join(dir, 'control-plane.yaml')
  writeFileSync(
    config,
    `listen: 127.0.0.1:${port}
database: { url: "${postgres.url}" }
dataDir: ${join(dir, 'data')}
identity: { issuers: [{ issuer: "${issuer.url}", audiences: [weir-control-plane] }] }
gateways: [{ ids: [${ids.join(', ')}], issuer: "${issuer.url}", subject: kafka-gateway }]
admin: { bind: 127.0.0.1:${await freePort()} }
`,
  )
  const main = join(import.meta.dirname, '../../src/main.ts')
  const controlPlane = await startProcess(process.execPath, [...profiling(), main, '--config', config])
  try {
    await controlPlane.waitFor(/api served/, 60_000)
    const url = `http://127.0.0.1:${port}`
    const authorization = `Bearer ${issuer.token('kafka-gateway')}`
    const loads: SealedSegment[][] = []
    for (const id of ids) {
      const headers = { authorization, 'content-type': 'application/json' }
      const body = JSON.stringify(heartbeatOf(id, key))
      const { ok } = await fetch(`${url}/v1/gateways/heartbeat`, { method: 'POST', headers, body })
      if (!ok) throw new Error(`The heartbeat was refused:\n${controlPlane.output()}`)
      loads.push(await sealLoad(id, key, { segments: Math.ceil(segments / gateways), mix }))
    }
    const cpuBefore = cpuSeconds(controlPlane.pid)
    const started = performance.now()
    const waits = (await Promise.all(loads.map((load) => ship(url, authorization, load)))).flat()
    const seconds = (performance.now() - started) / 1_000
    const cpu = cpuSeconds(controlPlane.pid) - cpuBefore
    const events = loads.flat().reduce((sum, segment) => sum + segment.header.events, 0)
    const indexRows = await countRuns(postgres.url)
    const ack = waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)]!
    print(`ingest, ${mix} accesses`, [
      `${Math.round(events / seconds)} events/s`,
      `acknowledged in ${ack.toFixed(0)} ms (median)`,
      `${((cpu / events) * 1e6).toFixed(1)} µs CPU of the control plane per event`,
      `${events} events in ${waits.length} segments of ${gateways} gateways came to ${indexRows} index rows`,
    ])
  } finally {
    await controlPlane.stop()
    issuer.stop()
    await postgres.stop()
    rmSync(dir, { recursive: true })
  }
}

async function countRuns(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows: counted } = await client.query<{ n: string }>('select count(*) as n from access_run_kafka')
  await client.end()
  return Number(counted[0]!.n)
}

/** One after the other, as a gateway does; gives how long each waited for its answer (ms). */
async function ship(url: string, authorization: string, load: readonly SealedSegment[]): Promise<number[]> {
  const waits: number[] = []
  for (const segment of load) {
    const { body, headers } = segmentInput(segment)
    const path = `${url}/v1/evidence/${segment.header.gatewayId}/${segment.header.epoch}`
    const started = performance.now()
    const response = await fetch(path, {
      method: 'POST',
      headers: { ...headers, authorization },
      body: body as Uint8Array<ArrayBuffer>,
    })
    const { outcome } = (await response.json()) as SegmentAnswer
    if (outcome !== 'stored') throw new Error(`A segment was not stored: ${response.status} ${outcome}`)
    waits.push(performance.now() - started)
  }
  return waits
}

/** `PROFILE=folder` keeps a CPU profile of the control plane there. */
function profiling(): string[] {
  const folder = process.env['PROFILE']
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

/** User and system time of a process so far, from Linux's accounting; 0 where there is none. */
function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

function print(what: string, figures: readonly string[]): void {
  process.stdout.write(`${what}\n${figures.map((figure) => `  ${figure}\n`).join('')}`)
}
