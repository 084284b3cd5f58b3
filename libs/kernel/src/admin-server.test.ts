import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { startAdminServer } from './admin-server.ts'
import type { Readiness } from './admin-server.ts'
import { createMetrics } from './metrics.ts'

async function start(readiness: () => Readiness = () => ({ ready: true, parts: {} })) {
  const metrics = createMetrics()
  metrics.counter('weir_test_things_total', 'Things').inc(3)
  const admin = await startAdminServer({ host: '127.0.0.1', port: 0, metrics, readiness })
  onTestFinished(() => admin.stop())
  const get = (path: string) => fetch(`http://127.0.0.1:${admin.port}${path}`)
  return { admin, get }
}

test('/healthz answers while the process does', async () => {
  const { get } = await start(() => ({ ready: false, parts: {} }))
  const response = await get('/healthz')
  expect([response.status, await response.json()]).toEqual([200, { status: 'up' }])
})

test('/readyz is 200 or 503, with a line per part', async () => {
  let readiness: Readiness = { ready: false, parts: { policy: 'ready', cluster: 'no broker answers' } }
  const { get } = await start(() => readiness)
  const before = await get('/readyz?verbose')
  expect([before.status, await before.json()]).toEqual([503, readiness])
  readiness = { ready: true, parts: { policy: 'ready', cluster: 'ready' } }
  const after = await get('/readyz')
  expect([after.status, await after.json()]).toEqual([200, readiness])
})

test('a probe that fails is a 500 with its message, and the server goes on', async () => {
  const { get } = await start(() => {
    throw new Error('the probe is broken')
  })
  const response = await get('/readyz')
  expect([response.status, await response.json()]).toEqual([500, { error: 'the probe is broken' }])
  expect((await get('/healthz')).status).toBe(200)
})

test('/metrics is the text format of Prometheus', async () => {
  const { get } = await start()
  const response = await get('/metrics')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  expect(await response.text()).toContain('weir_test_things_total 3\n')
})

test('any other path is a 404 that names the three', async () => {
  const { admin, get } = await start()
  const response = await get('/secrets')
  expect([response.status, await response.json()]).toEqual([404, { paths: ['/healthz', '/readyz', '/metrics'] }])
  // A target that is no path.
  const status = await new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: admin.port, path: '//' }, (answer) => resolve(answer.statusCode))
      .on('error', reject)
      .end()
  })
  expect(status).toBe(404)
})

test('a port in use is named, with the setting that moves it', async () => {
  const { admin } = await start()
  const again = startAdminServer({
    host: '127.0.0.1',
    port: admin.port,
    metrics: createMetrics(),
    readiness: () => ({ ready: true, parts: {} }),
  })
  await expect(again).rejects.toMatchObject({
    code: 'WEIR_PORT_IN_USE',
    message: `The address 127.0.0.1:${admin.port} (admin) is in use by another process; choose another in \`admin.bind\`.`,
  })
})

test('a fault that is not about the port stays what it is', async () => {
  const elsewhere = startAdminServer({
    host: '192.0.2.1',
    port: 0,
    metrics: createMetrics(),
    readiness: () => ({ ready: true, parts: {} }),
  })
  await expect(elsewhere).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
})

test('after stop the port is free', async () => {
  const { admin, get } = await start()
  await get('/healthz')
  await admin.stop()
  await expect(get('/healthz')).rejects.toThrow()
})
