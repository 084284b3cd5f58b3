import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startProcess } from '@weir/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeHome, weirBin } from './weir.ts'
import type { Home } from './weir.ts'

let home: Home
let isReady: boolean
const server = createServer((_, response) => response.writeHead(isReady ? 200 : 503).end())

beforeEach(async () => {
  home = makeHome()
  isReady = true
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  home.remove()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const state = () => ({
  controlPlane: 'http://127.0.0.1:8080',
  issuer: 'http://127.0.0.1:8081',
  services: [{ name: 'Kafka gateway', address: '127.0.0.1:9092', ready: `${url()}/readyz` }],
})

test('all of it answers: the addresses', async () => {
  home.sandbox(state())
  const { code, stdout } = await home.weir('sandbox', 'ready')
  expect(stdout).toMatch(/^Kafka gateway +127\.0\.0\.1:9092\nClient files +\S+clients\n$/)
  expect(code).toBe(0)
  const { stdout: json } = await home.weir('sandbox', 'ready', '--json')
  expect(JSON.parse(json)).toMatchObject({ ...state(), ready: true, kafka: '127.0.0.1:9092' })
})

test('it waits for what is not there yet, and says for what', async () => {
  isReady = false
  const waiting = await startProcess(process.execPath, [weirBin, 'sandbox', 'ready', '--wait', '60s'], {
    cwd: home.path,
    env: home.env,
  })
  await waiting.waitFor(/Waiting for the sandbox to start …/)
  home.sandbox(state())
  await waiting.waitFor(/Waiting for Kafka gateway …/)
  isReady = true
  expect((await waiting.exited).code).toBe(0)
  expect(waiting.stdout()).toContain('127.0.0.1:9092')
  expect(waiting.stderr().match(/Waiting/g)).toHaveLength(2)
})

test('some of it does not answer in time: exit code 1', async () => {
  home.sandbox(state())
  isReady = false
  const { code, stdout } = await home.weir('sandbox', 'ready', '--wait', '300ms')
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'Not ready: Kafka gateway.\n' })
  const json = await home.weirHere('sandbox', 'ready', '--json')
  expect(JSON.parse(json.stdout)).toMatchObject({ ready: false })
  expect(json.code).toBe(1)
})

test('no sandbox at all: exit code 3', async () => {
  const { code, stderr } = await home.weir('sandbox', 'ready', '--wait', '1ms')
  expect(stderr).toContain('npm start')
  expect(code).toBe(3)
})

test('a state file of something else is said', async () => {
  home.sandbox(state())
  home.write('.sandbox/sandbox.json', '{"pid": 1}')
  const { code, stderr } = await home.weirHere('sandbox', 'ready')
  expect(stderr).toContain('is not what npm start writes')
  expect(code).toBe(3)
})
