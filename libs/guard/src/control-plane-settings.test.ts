import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeConfig, loadConfig } from '@weir/config'
import { createAuthority, temporaryFolder } from '@weir/testing'
import type { Authority, IssuedCertificate, TemporaryFolder } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { controlPlaneSettings } from './control-plane-settings.ts'

const schema = z.strictObject({ controlPlane: controlPlaneSettings })
const credentials = 'credentials: { issuer: https://issuer.example, clientId: gw, clientSecret: swordfish }'
const certificate = 'certificate: "${file:gw.pem}"'
const key = 'key: "${file:gw.key}"'

let folder: TemporaryFolder
let authority: Authority
let gateway: IssuedCertificate

beforeAll(async () => {
  folder = temporaryFolder()
  authority = await createAuthority('weir test authority')
  gateway = await authority.issue({ commonName: 'kafka-1' })
  const files = { 'gw.pem': gateway.certificate, 'gw.key': gateway.key, 'ca.pem': authority.ca }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text)
  writeFileSync(join(folder.path, 'other.key'), (await authority.issue({ commonName: 'other' })).key)
})
afterAll(() => {
  authority.remove()
  folder.remove()
})

/** Each line stands in the section below its `bundleKey`, so from line 3 of the file on. */
function load(...lines: string[]) {
  const path = join(folder.path, 'gateway.yaml')
  writeFileSync(path, ['controlPlane:', 'bundleKey: none', ...lines].join('\n  '))
  return loadConfig({ path, schema }).controlPlane
}

function refusal(...lines: string[]): string {
  try {
    load(...lines)
  } catch (error) {
    expect(error).toMatchObject({ code: 'WEIR_CONFIG_INVALID' })
    return (error as Error).message.replaceAll(`${folder.path}/`, '')
  }
  throw new Error('the settings were accepted')
}

const url = 'url: https://weir.example'

describe('a gateway proves itself in exactly one way', () => {
  test('by a token, or by a certificate', () => {
    expect(load(url, credentials)).toMatchObject({ credentials: { clientId: 'gw', audience: 'weir-control-plane' } })
    expect(load(url, credentials, 'tls: { ca: "${file:ca.pem}", serverName: weir.internal }')).toHaveProperty('tls')
    const { tls, credentials: none } = load(url, `tls: { ${certificate}, ${key} }`)
    expect(none).toBeUndefined()
    expect(tls?.key?.reveal()).toBe(gateway.key.trimEnd())
  })

  test('not in none, nor in both', () => {
    expect(refusal(url)).toMatch(/^gateway\.yaml:2:3: controlPlane: must say how this gateway proves itself/)
    expect(refusal(url, 'tls: { ca: "${file:ca.pem}" }')).toMatch(/^gateway\.yaml:2:3: controlPlane: must say how/)
    const both = refusal(url, credentials, `tls: { ${certificate}, ${key} }`)
    expect(both).toMatch(/^gateway\.yaml:4:16: controlPlane\.credentials: must not stand beside a `certificate`/)
  })

  test.each([
    [`tls: { ${certificate} }`, /^gateway\.yaml:4:23: controlPlane\.tls\.certificate: needs its private `key`$/],
    [`tls: { ${key} }`, /^gateway\.yaml:4:15: controlPlane\.tls\.key: needs the `certificate` that it belongs to$/],
    [`tls: { ${certificate}, key: "\${file:other.key}" }`, /:4:\d+: controlPlane\.tls\.key: is not the key/],
    [`tls: { ${certificate}, ${key}, ca: ca.pem }`, /:4:\d+: controlPlane\.tls\.ca: must be the PEM/],
    [`tls: { certificate: "\${file:gw.key}", ${key} }`, /:4:\d+: controlPlane\.tls\.certificate: must be the PEM/],
  ])('with texts that belong together: %s', (line, told) => {
    const message = refusal(url, line)
    expect(message).toMatch(told)
    expect(message).not.toContain('PRIVATE KEY')
  })
})

describe('nothing secret travels in plain text beyond loopback', () => {
  test.each(['https://weir.example', 'http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])(
    'accepted: %s',
    (address) => {
      expect(load(`url: ${address}`, credentials).url).toBe(address)
    },
  )

  test.each(['http://weir.example', 'http://10.0.0.7:8080', 'http://127.0.0.1.example', 'http://0.0.0.0:8080'])(
    'refused, unless it is accepted in words: %s',
    (address) => {
      const told = refusal(`url: ${address}`, credentials)
      expect(told).toMatch(/^gateway\.yaml:3:8: controlPlane\.url: must start with https:\/\/.*allowPlaintext: true/)
      expect(load(`url: ${address}`, credentials, 'allowPlaintext: true').url).toBe(address)
    },
  )

  test('not to the issuer, whatever is accepted for the control plane', () => {
    const told = refusal(url, 'allowPlaintext: true', credentials.replace('https:', 'http:'))
    expect(told).toMatch(/^gateway\.yaml:5:26: controlPlane\.credentials\.issuer: must start with https:\/\//)
  })

  test('TLS settings need TLS', () => {
    const told = refusal('url: http://127.0.0.1:8080', `tls: { ${certificate}, ${key} }`)
    expect(told).toMatch(/^gateway\.yaml:4:8: controlPlane\.tls: needs an https:\/\/ address in `url`/)
  })
})

test('an address that is none is told once, at its place', () => {
  for (const address of ['weir.example', 'ftp://weir.example', 'localhost:8080']) {
    const told = refusal(`url: ${address}`, credentials)
    expect(told).toMatch(/^gateway\.yaml:3:8: controlPlane\.url: must be an address that starts with https:\/\/[^\n]*$/)
  }
  expect(refusal(url, credentials.replace('https://', ''))).toMatch(
    /:4:\d+: controlPlane\.credentials\.issuer: [^\n]*$/,
  )
})

test('what is printed shows the certificate and hides its key', () => {
  const printed = describeConfig({ controlPlane: load(url, `tls: { ${certificate}, ${key} }`) }, schema)
  expect(printed).toContain('BEGIN CERTIFICATE')
  expect(printed).toContain('***')
  expect(printed).not.toContain('PRIVATE KEY')
})
