import { createPublicKey, hash, verify } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import type { Bundle, EvidenceEntry, Gateway, SealedSegment, SegmentAnswer, SignedBundle } from '@weir/contracts'
import { segmentHeaderHash } from '@weir/recording'
import { needs } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { heartbeatOf, policyYaml, segmentInput, startTestControlPlane } from '../../test/control-plane.ts'
import type { TestControlPlane } from '../../test/control-plane.ts'
import { access, newSigningKey, resign, sealSegments, sessionStart } from '../../test/segments.ts'

let weir: TestControlPlane
let token: string
let author: string
const key = newSigningKey()

beforeAll(async () => {
  weir = await startTestControlPlane()
  token = weir.token('kafka-gateway')
  author = weir.token('paula', ['authors', 'operators'])
  expect((await weir.call('heartbeat', { token, body: heartbeatOf('kafka-1', key) })).statusCode).toBe(200)
})
afterAll(() => weir.stop())

const code = (response: { body: string }) => (JSON.parse(response.body) as { error: { code: string } }).error.code

describe('enrolment', () => {
  test('binds the id to the first key, and shows the gateway', async () => {
    const again = await weir.call('heartbeat', { token, body: heartbeatOf('kafka-1', key, { sessions: 3 }) })
    expect(again.json()).toMatchObject({ bundleRevision: expect.any(Number), now: expect.any(Number) })
    const other = await weir.call('heartbeat', { token, body: heartbeatOf('kafka-1', newSigningKey()) })
    expect([other.statusCode, code(other)]).toEqual([409, 'WEIR_GATEWAY_KEY_CONFLICT'])
    const listed = await weir.call('gateways', { token: author })
    expect(listed.json()).toMatchObject({
      gateways: [{ gatewayId: 'kafka-1', sessions: 3, subject: 'kafka-gateway', state: 'up' }],
    })
  })

  test('is for the ids that the identity is bound to', async () => {
    const response = await weir.call('heartbeat', { token, body: heartbeatOf('kafka-9', key) })
    expect([response.statusCode, code(response)]).toEqual([403, 'WEIR_FORBIDDEN'])
  })

  test.each(['', 'AAAA', createPublicKey(testRsa()).export({ type: 'spki', format: 'der' }).toString('base64url')])(
    'needs an Ed25519 key: %.10s',
    async (publicKey) => {
      const response = await weir.call('heartbeat', { token, body: { ...heartbeatOf('kafka-2', key), publicKey } })
      expect([response.statusCode, code(response)]).toEqual([400, 'WEIR_INVALID_REQUEST'])
    },
  )
})

describe('evidence', () => {
  const send = async (segment: SealedSegment, change: object = {}) =>
    weir.call('appendSegment', { token, ...segmentInput(segment), ...change })
  const seal = () =>
    sealSegments('kafka-1', key, [
      [sessionStart('s', 'alice')],
      [access('kafka.publish', 's', { topic: 'payments.t', first: 0, last: 9 })],
    ])

  test('is stored once, also when two send it at once', async () => {
    const [first, second] = await seal()
    const answers = await Promise.all([send(first!), send(first!)])
    const outcomes = answers.map((answer) => answer.json<SegmentAnswer>().outcome)
    expect(outcomes.toSorted()).toEqual(['duplicate', 'stored'])
    expect((await send(second!)).json()).toMatchObject({ outcome: 'stored', nextSeq: 3 })
    expect((await send(first!)).json()).toMatchObject({ outcome: 'duplicate', nextSeq: 3 })
  })

  test('with a gap or another history is answered so', async () => {
    const [first, second] = await seal()
    expect((await send(second!)).json()).toMatchObject({ outcome: 'gap', nextSeq: 1 })
    await send(first!)
    const [other] = await seal()
    expect((await send(resign(other!, { epoch: first!.header.epoch }, key))).json()).toMatchObject({ outcome: 'fork' })
    expect(weir.log()).toContain('evidence forked')
    expect((await send(second!)).json()).toMatchObject({ outcome: 'fork', nextSeq: 2 })
    const { gateways } = (await weir.call('gateways', { token: author })).json<{ gateways: Gateway[] }>()
    expect(gateways).toMatchObject([{ state: 'forked', forkedEpochs: [first!.header.epoch] }])
    const [another] = await seal()
    expect((await send(another!)).json()).toMatchObject({ outcome: 'stored' })
  })

  test('that is signed but cannot be read is kept in quarantine, told loudly, and stops nothing', async () => {
    const [first, second] = await seal()
    const body = zstdCompressSync(Buffer.from([99]))
    const poison = resign({ ...first!, body }, { sha256: hash('sha256', body) }, key)
    const next = resign(second!, { previousSha256: segmentHeaderHash(poison.header) }, key)
    expect((await send(poison)).json()).toMatchObject({ outcome: 'stored', nextSeq: 2 })
    expect((await send(poison)).json()).toMatchObject({ outcome: 'duplicate', nextSeq: 2 })
    expect((await send(next)).json()).toMatchObject({ outcome: 'stored', nextSeq: 3 })
    expect(weir.log().match(/evidence segment quarantined/g)).toHaveLength(1)
    expect(await weir.metrics()).toMatch(/^weir_ingest_quarantined_total 1$/m)
    const query = { type: 'segment.quarantined' }
    const response = await weir.call('evidence', { token: weir.token('carol', ['auditors']), query })
    const reason = expect.stringContaining('unknown version')
    expect(response.json<{ events: EvidenceEntry[] }>().events).toMatchObject([
      { gatewayId: 'kafka-1', epoch: poison.header.epoch, event: { firstSeq: 1, lastSeq: 1, events: 1, reason } },
    ])
  })

  test('of values that the database cannot hold goes to quarantine too', async () => {
    const strange = access('kafka.publish', 's', { topic: 't', first: 0, last: 0 }, { producerEpoch: 2 ** 40 })
    const [segment] = await sealSegments('kafka-1', key, [[sessionStart('s', 'alice'), strange]])
    expect((await send(segment!)).json()).toMatchObject({ outcome: 'stored', nextSeq: 3 })
    expect((await send(segment!)).json()).toMatchObject({ outcome: 'duplicate' })
    expect(await weir.metrics()).toMatch(/^weir_ingest_quarantined_total 2$/m)
  })

  test('that is not what the gateway signed is refused, and nothing of it stored', async () => {
    const [segment] = await seal()
    const forged = resign(segment!, {}, newSigningKey())
    const altered = { ...segment!, body: Buffer.concat([segment!.body, Buffer.from([0])]) }
    const swapped = { ...segment!, signature: 'AAAA' }
    for (const wrong of [forged, altered, swapped]) {
      const response = await send(wrong)
      expect([response.statusCode, code(response)]).toEqual([422, 'WEIR_SEGMENT_SIGNATURE'])
    }
    expect((await send(segment!)).json()).toMatchObject({ outcome: 'stored' })
  })

  test('that contradicts itself is refused', async () => {
    const [segment] = await seal()
    const { header } = segment!
    const short = resign(segment!, { firstSeq: 5, lastSeq: 6 }, key)
    const elsewhere = { params: { gatewayId: 'kafka-2', epoch: header.epoch } }
    const noJson = { headers: { ...segmentInput(segment!).headers, 'weir-segment-header': 'AAAA' } }
    const answers = [await send(short), await send(segment!, elsewhere), await send(segment!, noJson)]
    for (const response of answers) expect([response.statusCode, code(response)]).toEqual([422, 'WEIR_SEGMENT_INVALID'])
    const headers = { 'content-type': 'application/octet-stream' }
    expect(code(await send(segment!, { headers }))).toBe('WEIR_INVALID_REQUEST')
    const json = { ...segmentInput(segment!).headers, 'content-type': 'application/json' }
    expect((await send(segment!, { headers: json, body: '{}' })).statusCode).toBe(400)
  })

  test('of a gateway that has not enrolled is refused', async () => {
    const [segment] = await sealSegments('kafka-2', key, [[sessionStart('s', 'alice')]])
    expect(code(await send(segment!))).toBe('WEIR_SEGMENT_SIGNATURE')
  })

  test('of another gateway is refused', async () => {
    const [segment] = await sealSegments('kafka-9', key, [[sessionStart('s', 'alice')]])
    expect(code(await send(segment!))).toBe('WEIR_FORBIDDEN')
  })
})

describe('the bundle', () => {
  const bundleOf = ({ payload }: SignedBundle) => JSON.parse(Buffer.from(payload, 'base64url').toString()) as Bundle
  const poll = (query: Record<string, string>, on = weir) => on.call('currentBundle', { token, query })

  test('is signed by the key whose public half lies in the data folder', async () => {
    const response = await poll({})
    const signed = response.json<SignedBundle>()
    const publicKey = createPublicKey(readFileSync(join(weir.dataDir, 'bundle-key.pub')))
    const payload = Buffer.from(signed.payload, 'base64url')
    expect(verify(null, payload, publicKey, Buffer.from(signed.signature, 'base64url'))).toBe(true)
    expect(response.headers.etag).toBe(`"${bundleOf(signed).revision}"`)
    expect(statSync(join(weir.dataDir, 'bundle-key.pem')).mode & 0o777).toBe(0o600)
    const headers = { 'if-none-match': String(response.headers.etag) }
    expect((await weir.call('currentBundle', { token, headers })).statusCode).toBe(304)
  })

  test('comes to who waits for it, and not before it is another', async () => {
    const { revision } = bundleOf((await poll({})).json())
    expect((await poll({ after: String(revision), waitMs: '20' })).statusCode).toBe(304)
    expect((await poll({ after: String(revision - 1), waitMs: '60000' })).statusCode).toBe(200)
    const waiting = poll({ after: String(revision), waitMs: '60000' })
    await weir.call('applyPolicy', { token: author, body: { yaml: policyYaml } })
    const next = bundleOf((await waiting).json())
    expect(next).toMatchObject({ revision: revision + 1, policy: { yaml: policyYaml } })
  })

  test.skipIf(!needs('postgres'))('changed at one replica reaches who waits at another', async () => {
    const replica = await startTestControlPlane({}, { ...weir, dataDir: weir.dataDir })
    const { revision } = bundleOf((await poll({}, replica)).json())
    const waiting = poll({ after: String(revision), waitMs: '60000' }, replica)
    await weir.call('applyPolicy', { token: author, body: { yaml: `${policyYaml}# changed\n` } })
    expect(bundleOf((await waiting).json())).toMatchObject({ revision: revision + 1 })
    const held = poll({ after: String(revision + 1), waitMs: '60000' }, replica)
    await replica.stop()
    expect((await held).statusCode).toBe(304)
  })
})

function testRsa(): string {
  return `-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf
9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----`
}
