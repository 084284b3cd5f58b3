import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, startProcess, temporaryFolder } from '@weir/testing'
import type { RunningProcess, TemporaryFolder } from '@weir/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { policyYaml } from '../test/control-plane.ts'
import { startIssuer } from '../test/issuer.ts'
import type { TestIssuer } from '../test/issuer.ts'

const main = join(import.meta.dirname, 'main.ts')
let folder: TemporaryFolder
let issuer: TestIssuer
const running: RunningProcess[] = []
/** The embedded database takes its time on a busy machine. */
const upInMs = 60_000

beforeAll(async () => {
  folder = temporaryFolder()
  issuer = await startIssuer()
})
afterAll(async () => {
  await Promise.all(running.map((child) => child.stop('SIGKILL')))
  issuer.stop()
  folder.remove()
})

async function configure(name: string, extra = ''): Promise<{ path: string; url: string; admin: string }> {
  const [port, adminPort] = [await freePort(), await freePort()]
  const path = join(folder.path, name)
  writeFileSync(
    path,
    `listen: 127.0.0.1:${port}
dataDir: ${join(folder.path, 'data')}
identity: { issuers: [{ issuer: ${issuer.url}, audiences: [weir-control-plane] }] }
rights: { policy: [authors] }
admin: { bind: 127.0.0.1:${adminPort} }
${extra}`,
  )
  return { path, url: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${adminPort}` }
}

async function start(path: string): Promise<RunningProcess> {
  const child = await startProcess(process.execPath, [main, '--config', path])
  running.push(child)
  return child
}

test('a control plane without a server keeps everything over a restart, alone in its folder', async () => {
  const { path, url, admin } = await configure('control-plane.yaml')
  const token = issuer.token('paula', { groups: ['authors'] })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const policy = async () => (await fetch(`${url}/v1/policies/current`, { headers })).json()

  const first = await start(path)
  await first.waitFor(/embedded database in use/, upInMs)
  await first.waitFor(/api served/, upInMs)
  expect((await fetch(`${admin}/readyz`)).status).toBe(200)
  const body = JSON.stringify({ yaml: policyYaml })
  expect((await fetch(`${url}/v1/policies/current`, { method: 'PUT', headers, body })).status).toBe(200)
  expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(/^weir_bundle_revision_count 2$/m)
  const applied = await policy()

  const second = await start((await configure('second.yaml')).path)
  expect(await second.exited).toMatchObject({ code: 1 })
  expect(second.output()).toContain('is in use by another process')

  await first.stop('SIGTERM')
  expect(await first.exited).toMatchObject({ code: 0 })
  const again = await start(path)
  await again.waitFor(/api served/, upInMs)
  expect(await policy()).toEqual(applied)
  await again.stop('SIGKILL')
  const afterCrash = await start(path)
  await afterCrash.waitFor(/api served/, upInMs)
  expect(await policy()).toEqual(applied)
  await afterCrash.stop('SIGTERM')

  const rebuild = await startProcess(process.execPath, [main, '--config', path, '--rebuild-index'])
  running.push(rebuild)
  expect(await rebuild.exited).toMatchObject({ code: 0 })
  expect(rebuild.output()).toContain('index rebuilt')
}, 240_000)

test('a policy file with an error stops the start with file, line and column', async () => {
  const file = join(folder.path, 'wrong.yaml')
  writeFileSync(file, policyYaml.replace('allow', 'perhaps'))
  const { path } = await configure('wrong-policy.yaml', `policy: { initial: ${file} }`)
  const child = await start(path)
  expect(await child.exited).toMatchObject({ code: 1 })
  expect(child.output()).toContain(`${file}:7:`)
}, 60_000)
