import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { runProcess, temporaryFolder } from '@weir/testing'
import type { TemporaryFolder } from '@weir/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { heartbeatOf, startTestControlPlane } from '../../test/control-plane.ts'
import type { TestControlPlane } from '../../test/control-plane.ts'
import { newSigningKey } from '../../test/segments.ts'

let folder: TemporaryFolder
let weir: TestControlPlane
const file = (name: string) => join(folder.path, name)
const pem = (name: string) => readFileSync(file(name), 'utf8')

async function openssl(...args: string[]): Promise<void> {
  const { code, stderr } = await runProcess('openssl', args)
  if (code !== 0) throw new Error(stderr)
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']

async function authority(name: string): Promise<void> {
  const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)]
  await openssl('req', '-x509', ...newKey, '-subj', `/CN=${name}`, ...files)
}

async function certificate(name: string, by: string, subject: string, names = ''): Promise<void> {
  const signer = ['-CA', file(`${by}.pem`), '-CAkey', file(`${by}.key`)]
  const extension = names === '' ? [] : ['-addext', `subjectAltName=${names}`]
  const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)]
  await openssl('req', '-x509', ...signer, ...newKey, '-subj', subject, ...extension, ...files)
}

beforeAll(async () => {
  folder = temporaryFolder()
  await authority('ca')
  await authority('stranger')
  await certificate('server', 'ca', '/CN=weir', 'DNS:localhost,IP:127.0.0.1')
  await certificate('by-common-name', 'ca', '/CN=kafka gateway 1')
  await certificate('by-dns-name', 'ca', '/CN=anything', 'DNS:kafka-2.gateways.example')
  await certificate('wildcard', 'ca', '/CN=anything', 'DNS:*.gateways.example')
  await certificate('unknown', 'ca', '/CN=kafka gateway 9')
  await certificate('untrusted', 'stranger', '/CN=kafka gateway 1')
  weir = await startTestControlPlane({
    tls: { certificate: pem('server.pem'), key: pem('server.key'), clientCa: pem('ca.pem') },
    gateways: [
      { ids: ['kafka-1'], certificate: 'kafka gateway 1' },
      { ids: ['kafka-2'], certificate: 'kafka-2.gateways.example' },
    ],
  })
})
afterAll(async () => {
  await weir.stop()
  folder.remove()
})

type Sent = { certificate?: string; token?: string; gatewayId?: string }

/** Status and error code of a heartbeat that is sent over a connection of its own. */
function beat({ certificate: name, token, gatewayId = 'kafka-1' }: Sent): Promise<[number, string | undefined]> {
  const identity = name === undefined ? {} : { cert: pem(`${name}.pem`), key: pem(`${name}.key`) }
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const { host, port } = weir.address
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...authorization }
    const options = { host, port, method: 'POST', path: '/v1/gateways/heartbeat', headers, agent: false }
    const sent = request({ ...options, ...identity, ca: pem('ca.pem') }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => {
        const { error } = JSON.parse(text) as { error?: { code: string } }
        resolve([response.statusCode!, error?.code])
      })
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(heartbeatOf(gatewayId, keys[gatewayId]!)))
  })
}
const keys: Record<string, ReturnType<typeof newSigningKey>> = {
  'kafka-1': newSigningKey(),
  'kafka-2': newSigningKey(),
}

test('a certificate proves the gateway of its common name or DNS name, and no other', async () => {
  expect(await beat({ certificate: 'by-common-name' })).toEqual([200, undefined])
  expect(await beat({ certificate: 'by-dns-name', gatewayId: 'kafka-2' })).toEqual([200, undefined])
  expect(await beat({ certificate: 'by-dns-name', gatewayId: 'kafka-1' })).toEqual([403, 'WEIR_FORBIDDEN'])
})

test('a certificate of another authority, of an unknown name, or with a wildcard proves nothing', async () => {
  for (const name of ['untrusted', 'unknown', 'wildcard']) {
    expect(await beat({ certificate: name })).toEqual([401, 'WEIR_UNAUTHENTICATED'])
  }
  expect(await beat({})).toEqual([401, 'WEIR_UNAUTHENTICATED'])
})

test('people come with a token over the same port, and a token counts before a certificate', async () => {
  const token = weir.token('alice')
  expect(await beat({ token })).toEqual([403, 'WEIR_FORBIDDEN'])
  expect(await beat({ token, certificate: 'by-common-name' })).toEqual([403, 'WEIR_FORBIDDEN'])
  expect(await beat({ token: 'wrong', certificate: 'by-common-name' })).toEqual([401, 'WEIR_UNAUTHENTICATED'])
})
