import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeConfig, loadConfig } from '@weir/config'
import { createAuthority, temporaryFolder } from '@weir/testing'
import type { TemporaryFolder } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { listenerSettings } from './config-listener.ts'
import { upstreamSettings } from './config.ts'
import { isBeyondLoopback } from './plaintext.ts'

const schema = z.strictObject({ listener: listenerSettings.optional(), upstream: upstreamSettings.optional() })
const own = 'certificate: "${file:gw.pem}", key: "${file:gw.key}"'
let folder: TemporaryFolder

beforeAll(async () => {
  folder = temporaryFolder()
  const authority = await createAuthority('weir test authority')
  const { certificate, key } = await authority.issue({ commonName: 'gateway' })
  const other = await authority.issue({ commonName: 'other' })
  const files = { 'gw.pem': certificate, 'gw.key': key, 'other.key': other.key, 'ca.pem': authority.ca }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text)
  authority.remove()
})
afterAll(() => folder.remove())

/** Each line stands in the section, from line 2 of the file on. */
function load(section: 'listener' | 'upstream', ...lines: string[]) {
  const path = join(folder.path, 'gateway.yaml')
  writeFileSync(path, [`${section}:`, ...lines].join('\n  '))
  return loadConfig({ path, schema })
}

function refusal(section: 'listener' | 'upstream', ...lines: string[]): string {
  try {
    load(section, ...lines)
  } catch (error) {
    expect(error).toMatchObject({ code: 'WEIR_CONFIG_INVALID' })
    return (error as Error).message.replaceAll(`${folder.path}/`, '')
  }
  throw new Error('the settings were accepted')
}

test.each([
  ['localhost', false],
  ['127.0.0.1', false],
  ['127.8.9.1', false],
  ['::1', false],
  ['0.0.0.0', true],
  ['::', true],
  ['10.0.0.1', true],
  ['127.0.0.1.example.org', true],
  ['localhost.example.org', true],
])('%s is beyond loopback: %s', (host, expected) => {
  expect(isBeyondLoopback(host)).toBe(expected)
})

describe('the listener', () => {
  test('speaks plain TCP on loopback, and beyond it when that is written', () => {
    expect(load('listener', 'bind: 127.0.0.1:9092').listener).toMatchObject({ allowPlaintext: false })
    expect(load('listener', 'bind: "[::1]:9092"').listener).toHaveProperty('bind')
    expect(load('listener', 'bind: 0.0.0.0:9092', 'allowPlaintext: true').listener).toHaveProperty('bind')
    expect(refusal('listener', 'bind: 0.0.0.0:9092')).toMatch(
      /^gateway\.yaml:2:9: listener\.bind: needs `tls` beyond loopback.*allowPlaintext: true/,
    )
    expect(refusal('listener', 'bind: "[::]:9092"')).toContain('listener.bind')
  })

  test('speaks TLS with a certificate and its key, which is not printed', () => {
    const config = load('listener', 'bind: 0.0.0.0:9092', `tls: { ${own} }`)
    expect(config.listener?.tls).toMatchObject({ clientAuth: 'none' })
    expect(describeConfig(config)).not.toContain('PRIVATE KEY')
    expect(
      refusal('listener', 'bind: 0.0.0.0:9092', 'tls: { certificate: "${file:gw.pem}", key: "${file:other.key}" }'),
    ).toMatch(/listener\.tls\.key: is not the key of the first `certificate`/)
    expect(refusal('listener', 'bind: 0.0.0.0:9092', 'tls: { certificate: "${file:gw.pem}" }')).toMatch(/tls\.key/)
  })

  test('asks for client certificates of a named authority only', () => {
    const bind = 'bind: 0.0.0.0:9092'
    expect(load('listener', bind, `tls: { ${own}, clientCa: "\${file:ca.pem}", clientAuth: required }`)).toBeDefined()
    expect(refusal('listener', bind, `tls: { ${own}, clientAuth: optional }`)).toMatch(/clientAuth: is `optional`, so/)
    expect(refusal('listener', bind, `tls: { ${own}, clientCa: "\${file:ca.pem}" }`)).toMatch(/clientCa: has no effect/)
    expect(refusal('listener', bind, `tls: { ${own}, clientCa: nonsense, clientAuth: required }`)).toMatch(
      /clientCa: must be the PEM of one or more certificates/,
    )
  })
})

describe('the brokers', () => {
  const sasl = (mechanism: string) => `sasl: { mechanism: ${mechanism}, username: gateway, password: swordfish }`

  test('get a password in clear on loopback, over TLS, or when that is written', () => {
    const away = 'bootstrap: [127.0.0.1:9092, broker.example:9092]'
    expect(load('upstream', 'bootstrap: [127.0.0.1:9092]', sasl('PLAIN'))).toBeDefined()
    expect(load('upstream', away, sasl('SCRAM-SHA-512'))).toBeDefined()
    expect(load('upstream', away, sasl('PLAIN'), 'tls: {}')).toBeDefined()
    expect(load('upstream', away, sasl('PLAIN'), 'allowPlaintext: true')).toBeDefined()
    const told = refusal('upstream', away, sasl('PLAIN'))
    expect(told).toMatch(
      /^gateway\.yaml:3:\d+: upstream\.sasl\.mechanism: sends the password in clear.*allowPlaintext: true/,
    )
    expect(told).not.toContain('swordfish')
  })
})
