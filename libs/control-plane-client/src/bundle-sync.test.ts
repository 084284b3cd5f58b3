import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bundle, SignedBundle } from '@weir/contracts'
import { systemClock } from '@weir/kernel'
import { describe, expect, onTestFinished, test } from 'vitest'
import { memoryLogger, server, until } from '../test/control-plane.ts'
import { createApiClient, startBundleSync, verifyBundle } from './index.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')

function bundleOf(revision: number): Bundle {
  const policy = { revision: String(revision).padStart(16, '0'), yaml: `# ${revision}` }
  return { version: 1, revision, issuedAtMs: 1, policy, keys: [] }
}

function signed(bundle: unknown, key = privateKey): SignedBundle {
  const payload = Buffer.from(JSON.stringify(bundle))
  return {
    keyId: 'k1',
    payload: payload.toString('base64url'),
    signature: sign(null, payload, key).toString('base64url'),
  }
}

/** A control plane that holds the question until it has something newer, as the real one does. */
async function controlPlane() {
  const state: { bundle: SignedBundle | undefined; status: number; ignoreAfter: boolean } = {
    bundle: undefined,
    status: 200,
    ignoreAfter: false,
  }
  const revision = () =>
    state.bundle === undefined ? -1 : JSON.parse(Buffer.from(state.bundle.payload, 'base64url').toString()).revision
  const started = await server(async ({ url }) => {
    if (state.status !== 200) return { status: state.status, text: 'away' }
    const after = url.searchParams.get('after')
    const isNew = () =>
      state.bundle !== undefined && (after === null || state.ignoreAfter || revision() > Number(after))
    const end = performance.now() + 100
    while (!isNew() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
    return isNew() ? { json: state.bundle } : { status: 304 }
  })
  return { ...started, state }
}

function cacheFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'weir-bundles-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

async function start(
  url: string,
  cacheDir: string,
  onBundle: (bundle: Bundle) => string | undefined = () => undefined,
) {
  const { logger, lines } = memoryLogger()
  const inForce: number[] = []
  const sync = await startBundleSync({
    api: createApiClient({ baseUrl: url, token: async () => 't' }),
    cacheDir,
    publicKey,
    clock: systemClock,
    logger,
    onBundle: (bundle) => {
      const problem = onBundle(bundle)
      if (problem === undefined) inForce.push(bundle.revision)
      return problem
    },
  })
  onTestFinished(() => sync.stop())
  return { sync, lines, inForce }
}

describe('the bundle sync', () => {
  test('follows the control plane and keeps the last two on disk, for its owner only', async () => {
    const { url, state } = await controlPlane()
    const dir = cacheFolder()
    const { sync, inForce } = await start(url, dir)
    expect(sync.current()).toBeUndefined()
    expect(sync.ageMs()).toBe(Number.POSITIVE_INFINITY)
    for (const revision of [1, 2, 30]) {
      state.bundle = signed(bundleOf(revision))
      await until(() => sync.current()?.revision === revision)
    }
    expect(inForce).toEqual([1, 2, 30])
    expect(sync.ageMs()).toBeLessThan(5_000)
    const names = ['bundle-0000000000000002.json', 'bundle-0000000000000030.json']
    await until(() => readdirSync(dir).toSorted().join() === names.join())
    for (const name of names) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
  })

  test('starts from disk while the control plane is away, says how old that is, and goes on when it is back', async () => {
    const plane = await controlPlane()
    const dir = cacheFolder()
    plane.state.bundle = signed(bundleOf(5))
    const before = await start(plane.url, dir)
    await until(() => readdirSync(dir).length === 1 && before.sync.current())
    await before.sync.stop()
    plane.state.status = 503
    await new Promise((resolve) => setTimeout(resolve, 60))

    const { sync, lines, inForce } = await start(plane.url, dir)
    expect(inForce).toEqual([5])
    expect(sync.ageMs()).toBeGreaterThanOrEqual(50)
    await until(() => plane.calls.length > 4)
    expect(lines.filter((line) => line.level === 'warn')).toHaveLength(1)
    plane.state.status = 200
    plane.state.bundle = signed(bundleOf(6))
    await until(() => sync.current()?.revision === 6)
    await until(() => lines.at(-1)?.message === 'policy bundle sync works again')
  })

  test('a confirmation is news too: the age starts again, also on disk', async () => {
    const { url, state } = await controlPlane()
    const dir = cacheFolder()
    state.bundle = signed(bundleOf(1))
    const { sync } = await start(url, dir)
    await until(() => sync.current())
    const first = await until(() => readdirSync(dir).length === 1 && statSync(join(dir, readdirSync(dir)[0]!)).mtimeMs)
    await until(() => statSync(join(dir, readdirSync(dir)[0]!)).mtimeMs > first)
    expect(sync.ageMs()).toBeLessThan(1_000)
  })

  test.each([
    ['what another key signed', signed(bundleOf(11), generateKeyPairSync('ed25519').privateKey)],
    ['a bundle of another version', signed({ ...bundleOf(11), version: 2 })],
    ['a payload that is not the signed one', { ...signed(bundleOf(11)), payload: signed(bundleOf(12)).payload }],
    ['an older one', signed(bundleOf(9))],
    ['another one of the same revision', signed({ ...bundleOf(10), issuedAtMs: 2 })],
  ])('refuses %s; the last good one stays', async (_, bad) => {
    const { url, state } = await controlPlane()
    const { sync, lines } = await start(url, cacheFolder())
    state.bundle = signed(bundleOf(10))
    await until(() => sync.current())
    state.bundle = bad
    state.ignoreAfter = true
    await until(() => lines.find((line) => line.code === 'WEIR_BUNDLE_INVALID'))
    expect(sync.current()).toEqual(bundleOf(10))
    state.bundle = signed(bundleOf(12))
    await until(() => sync.current()?.revision === 12)
  })

  test('a bundle with a problem is told, not used, not kept, and not asked for again and again', async () => {
    const { url, state, calls } = await controlPlane()
    const dir = cacheFolder()
    const { sync, lines } = await start(url, dir, (bundle) => (bundle.revision === 2 ? '3:1: unknown key' : undefined))
    state.bundle = signed(bundleOf(1))
    await until(() => sync.current())
    state.bundle = signed(bundleOf(2))
    await until(() => lines.find((line) => line.code === 'WEIR_BUNDLE_INVALID'))
    const asked = calls.length
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(calls.length - asked).toBeLessThan(8)
    expect(calls.at(-1)!.url.searchParams.get('after')).toBe('2')
    expect(sync.current()?.revision).toBe(1)
    expect(readdirSync(dir)).toEqual(['bundle-0000000000000001.json'])
    state.bundle = signed(bundleOf(3))
    await until(() => sync.current()?.revision === 3)
  })

  test('goes back to the bundle before when the newest on disk is damaged', async () => {
    const { url, state } = await controlPlane()
    const dir = cacheFolder()
    const before = await start(url, dir)
    for (const revision of [1, 2]) {
      state.bundle = signed(bundleOf(revision))
      await until(
        () =>
          before.sync.current()?.revision === revision &&
          readdirSync(dir).filter((n) => n !== 'draft').length === revision,
      )
    }
    await before.sync.stop()
    state.status = 503
    const path = join(dir, 'bundle-0000000000000002.json')
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -20))
    const { inForce, lines } = await start(url, dir)
    expect(inForce).toEqual([1])
    expect(lines[0]).toMatchObject({ level: 'error', message: 'policy bundle on disk refused' })
  })
})

test('the signature is over the bytes of the payload', () => {
  const path = new URL('../../contracts/test/signed-bundle.json', import.meta.url)
  const vector = JSON.parse(readFileSync(path, 'utf8')) as Record<'privateKey' | 'publicKey', string> & {
    signed: SignedBundle
    bundle: Bundle
  }
  const key = createPublicKey(vector.publicKey)
  expect(verifyBundle(vector.signed, key)).toEqual(vector.bundle)
  const again = sign(null, Buffer.from(vector.signed.payload, 'base64url'), createPrivateKey(vector.privateKey))
  expect(again.toString('base64url')).toBe(vector.signed.signature)
  expect(() => verifyBundle(vector.signed, publicKey)).toThrow(expect.objectContaining({ code: 'WEIR_BUNDLE_INVALID' }))
})
