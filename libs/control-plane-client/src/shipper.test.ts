import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EvidenceEvent, SegmentAnswer, SegmentHeader } from '@weir/contracts'
import { createMetrics, systemClock } from '@weir/kernel'
import { decodeSegment, openSpool, parseSegmentHeader, segmentHeaderHash, verifySegment } from '@weir/recording'
import type { Spool } from '@weir/recording'
import { describe, expect, onTestFinished, test } from 'vitest'
import { memoryLogger, server, until } from '../test/control-plane.ts'
import type { Call } from '../test/control-plane.ts'
import { createApiClient, startHeartbeat, startShipper } from './index.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')

function refusal(offset: number): EvidenceEvent {
  return {
    type: 'authentication.refused',
    protocol: 'kafka',
    peerAddress: '10.0.0.1',
    peerPort: offset,
    mechanism: 'PLAIN',
    code: 'WEIR_KEY_UNKNOWN',
    reason: 'no such key',
  }
}

/** Keeps the cursor of each epoch by compare-and-set, as the real control plane does. */
async function controlPlane() {
  const cursors = new Map<string, { nextSeq: number; headSha256: string }>()
  const taken: { header: SegmentHeader; ports: number[] }[] = []
  const state: { status: number; forked: string | undefined } = { status: 200, forked: undefined }
  const answer = (call: Call): SegmentAnswer => {
    const header = parseSegmentHeader(
      Buffer.from(String(call.request.headers['weir-segment-header']), 'base64url').toString(),
    )
    expect(call.url.pathname).toBe(`/v1/evidence/${header.gatewayId}/${header.epoch}`)
    const signature = String(call.request.headers['weir-segment-signature'])
    expect(verifySegment({ header, signature, body: call.body }, publicKey)).toBe(true)
    const cursor = cursors.get(header.epoch) ?? { nextSeq: 1, headSha256: '0'.repeat(64) }
    if (state.forked === header.epoch) return { outcome: 'fork', ...cursor }
    if (header.firstSeq > cursor.nextSeq) return { outcome: 'gap', ...cursor }
    if (header.firstSeq < cursor.nextSeq) return { outcome: 'duplicate', ...cursor }
    expect(header.previousSha256).toBe(cursor.headSha256)
    const ports = decodeSegment(call.body, header).events.map(({ event }) =>
      'peerPort' in event ? event.peerPort : -1,
    )
    taken.push({ header, ports })
    const next = { nextSeq: header.lastSeq + 1, headSha256: segmentHeaderHash(header) }
    cursors.set(header.epoch, next)
    return { outcome: 'stored', ...next }
  }
  const started = await server((call) => (state.status === 200 ? { json: answer(call) } : { status: state.status }))
  const ports = () => taken.flatMap((each) => each.ports)
  return { ...started, cursors, taken, state, ports }
}

function spoolFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'weir-ship-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function open(dir: string, gatewayId = 'gw-1'): Promise<Spool> {
  return openSpool({
    dir,
    gatewayId,
    signingKey: privateKey,
    clock: systemClock,
    sealAfterEvents: 2,
    sealAfterMs: 20,
  })
}

function ship(url: string, spool: Spool) {
  const { logger, lines } = memoryLogger()
  const metrics = createMetrics()
  const api = createApiClient({ baseUrl: url, token: async () => 't' })
  const shipper = startShipper({ api, spool, gatewayId: 'gw-1', logger, metrics })
  onTestFinished(async () => {
    await shipper.stop()
    await spool.close()
  })
  return { shipper, lines, metrics }
}

async function append(spool: Spool, from: number, to: number): Promise<void> {
  for (let port = from; port <= to; port++) await spool.append(refusal(port), 'buffered').written
}

describe('the shipper', () => {
  test('sends what an earlier process left, then what comes, each once and in order', async () => {
    const plane = await controlPlane()
    const dir = spoolFolder()
    const earlier = await open(dir)
    await append(earlier, 1, 5)
    await earlier.close()
    const spool = await open(dir)
    const { lines, metrics } = ship(plane.url, spool)
    await append(spool, 6, 9)
    await until(() => plane.ports().length === 9)
    expect(plane.ports()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    await until(() => spool.oldestUnshippedMs() === 0)
    expect(lines).toEqual([])
    expect((await metrics.expose()).body).toContain('weir_evidence_segments_total{outcome="stored"} 5')
  })

  test('an outage is waited for, however long, and is two lines in the log', async () => {
    const plane = await controlPlane()
    plane.state.status = 503
    const spool = await open(spoolFolder())
    const { lines } = ship(plane.url, spool)
    await append(spool, 1, 6)
    await until(() => plane.calls.length >= 4)
    plane.state.status = 200
    await until(() => plane.ports().length === 6)
    expect(plane.ports()).toEqual([1, 2, 3, 4, 5, 6])
    await until(() => lines.length === 2)
    expect(lines).toMatchObject([
      { level: 'warn', code: 'WEIR_CONTROL_PLANE_UNREACHABLE' },
      { level: 'info', message: 'evidence is shipped again' },
    ])
  })

  test('a segment whose answer was lost is sent again and taken once', async () => {
    const plane = await controlPlane()
    let lost = 0
    const flaky = await server(async (call, response) => {
      const { pathname } = call.url
      const headers = Object.fromEntries(
        ['weir-segment-header', 'weir-segment-signature', 'content-type'].map((name) => [
          name,
          String(call.request.headers[name]),
        ]),
      )
      const answer = await fetch(`${plane.url}${pathname}`, {
        method: 'POST',
        headers,
        body: new Uint8Array(call.body),
      })
      if (lost++ === 0) {
        response.destroy()
        return undefined
      }
      return { json: await answer.json() }
    })
    const spool = await open(spoolFolder())
    const { metrics } = ship(flaky.url, spool)
    await append(spool, 1, 4)
    await until(() => spool.oldestUnshippedMs() === 0 && plane.ports().length === 4)
    expect(plane.ports()).toEqual([1, 2, 3, 4])
    expect((await metrics.expose()).body).toContain('weir_evidence_segments_total{outcome="duplicate"} 1')
  })

  test('goes back when the control plane has a gap', async () => {
    const plane = await controlPlane()
    const spool = await open(spoolFolder())
    ship(plane.url, spool)
    await append(spool, 1, 4)
    await until(() => plane.ports().length === 4 && spool.oldestUnshippedMs() === 0)
    plane.cursors.clear()
    plane.taken.length = 0
    await append(spool, 5, 6)
    await until(() => plane.ports().length === 6)
    expect(plane.ports()).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('a gap that cannot be filled is said, and the epoch set aside', async () => {
    const plane = await controlPlane()
    const dir = spoolFolder()
    const spool = await open(dir)
    const { lines } = ship(plane.url, spool)
    plane.cursors.set(spool.epoch, { nextSeq: 0, headSha256: '0'.repeat(64) })
    await append(spool, 1, 2)
    await until(() => lines.find((line) => line.code === 'WEIR_EVIDENCE_FORKED'))
    expect(spool.oldestUnshippedMs()).toBeGreaterThan(0)
    expect(spool.bytes()).toBeGreaterThan(0)
  })

  test('a fork stops its epoch, loudly and without deleting anything; other epochs go on', async () => {
    const plane = await controlPlane()
    const dir = spoolFolder()
    const earlier = await open(dir)
    await append(earlier, 1, 4)
    await earlier.close()
    plane.state.forked = earlier.epoch
    const spool = await open(dir)
    const { lines, metrics } = ship(plane.url, spool)
    await append(spool, 5, 6)
    await until(() => plane.ports().length === 2)
    expect(plane.ports()).toEqual([5, 6])
    expect(lines).toMatchObject([{ level: 'error', code: 'WEIR_EVIDENCE_FORKED', message: 'evidence set aside' }])
    expect((await metrics.expose()).body).toContain('weir_evidence_epochs_aside_count 1')
    expect(spool.bytes()).toBeGreaterThan(0)
    expect(plane.calls.filter((call) => call.url.pathname.endsWith(earlier.epoch))).toHaveLength(1)
  })

  test('sends what was left under a former name under that name, and says so once', async () => {
    const plane = await controlPlane()
    const dir = spoolFolder()
    const earlier = await open(dir, 'gw-0')
    await append(earlier, 1, 4)
    await earlier.close()
    const spool = await open(dir)
    const { lines } = ship(plane.url, spool)
    await append(spool, 5, 6)
    await until(() => plane.ports().length === 6)
    expect(plane.taken.map(({ header }) => header.gatewayId)).toEqual(['gw-0', 'gw-0', 'gw-1'])
    expect(lines).toMatchObject([{ level: 'warn', message: 'evidence left under another gateway id' }])
  })

  test('ends at once, also in the middle of a call', async () => {
    const { url, calls } = await server(() => undefined)
    const spool = await open(spoolFolder())
    const { shipper } = ship(url, spool)
    await append(spool, 1, 2)
    await until(() => calls.length === 1)
    const started = performance.now()
    await shipper.stop()
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('the heartbeat', () => {
  test('comes at once and again, and says once that it fails and once that it works', async () => {
    let status = 200
    const plane = await server(() => ({ status, json: { now: 1, bundleRevision: 1 } }))
    const { logger, lines } = memoryLogger()
    const body = {
      gatewayId: 'gw-1',
      protocol: 'kafka' as const,
      version: '0.1.0',
      epoch: 'epo_1',
      bundleRevision: 1,
      policyRevision: '0',
      sessions: 0,
      spoolBytes: 0,
      oldestUnshippedMs: 0,
      publicKey: 'AA',
    }
    const api = createApiClient({ baseUrl: plane.url, token: async () => 't' })
    const heartbeat = startHeartbeat({ api, logger, describe: () => body, intervalMs: 10 })
    await until(() => plane.calls.length >= 3)
    expect(JSON.parse(plane.calls[0]!.body.toString())).toEqual(body)
    status = 503
    await until(() => lines.length === 1)
    const failed = plane.calls.length
    await until(() => plane.calls.length > failed)
    status = 200
    await until(() => lines.length === 2)
    expect(lines).toMatchObject([
      { level: 'warn', code: 'WEIR_CONTROL_PLANE_UNREACHABLE' },
      { level: 'info', message: 'heartbeat works again' },
    ])
    await heartbeat.stop()
    const stopped = plane.calls.length
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(plane.calls).toHaveLength(stopped)
  })
})
