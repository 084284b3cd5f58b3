import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort, runProcess, startProcess } from '@weir/testing'

const program = join(import.meta.dirname, '..', 'src', 'main.ts')
const run = (args: readonly string[], env = {}) => runProcess(process.execPath, [program, ...args], { env })

test('it serves the issuer of its port until it is told to end', async () => {
  const port = await freePort()
  const issuer = await startProcess(process.execPath, [program, '--port', String(port)])
  await issuer.waitFor(new RegExp(`http://127.0.0.1:${port}\\n`))
  const discovery = await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`)
  expect(await discovery.json()).toMatchObject({ issuer: `http://127.0.0.1:${port}` })
  expect(await issuer.stop()).toEqual({ code: 0, signal: null })
})

test('wrong usage is told with what is right', async () => {
  for (const args of [
    ['--port', 'x'],
    ['--prot', '1'],
  ]) {
    const { code, stderr } = await run(args)
    expect(code).toBe(2)
    expect(stderr).toContain('Usage: dev-issuer')
  }
})

test('a port in use is named', async () => {
  const issuer = await startProcess(process.execPath, [program, '--port', String(await freePort())])
  const [, port = ''] = await issuer.waitFor(/:(\d+)\n/)
  const { code, stderr } = await run(['--port', port])
  await issuer.stop()
  expect(code).toBe(1)
  expect(stderr).toMatch(
    new RegExp(`^dev-issuer: The address 127\\.0\\.0\\.1:${port} .* is in use by another process; .*\\bport\\b.*\\n$`),
  )
})

test('it does not run in production', async () => {
  const { code, stderr } = await run([], { NODE_ENV: 'production' })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^dev-issuer: .*production\.\n$/)
})
