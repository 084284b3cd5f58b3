import { createServer } from 'node:http'
import type { ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createAuthority } from '@weir/testing'
import type { Authority, IssuedCertificate } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { server } from '../test/control-plane.ts'
import { clientTlsProblem, createApiClient } from './index.ts'
import type { ClientTls } from './index.ts'

const me = { issuer: 'https://issuer.example', subject: 'alice', groups: [], rights: [] }
const names = 'DNS:weir.example,IP:127.0.0.1'
const unreachable = { code: 'WEIR_CONTROL_PLANE_UNREACHABLE' }
const invalid = { code: 'WEIR_CONFIG_INVALID' }

let authority: Authority
let stranger: Authority
let serving: IssuedCertificate
let gateway: IssuedCertificate

beforeAll(async () => {
  authority = await createAuthority('weir test authority')
  stranger = await createAuthority('stranger')
  serving = await authority.issue({ commonName: 'weir', names })
  gateway = await authority.issue({ commonName: 'kafka-1' })
})
afterAll(() => {
  authority.remove()
  stranger.remove()
})

/** An https server that lets nobody in without a certificate of the authority; it notes by whom it was asked. */
async function guarded(own: IssuedCertificate = serving, options: ServerOptions = {}) {
  const callers: string[] = []
  const demand = { ca: authority.ca, requestCert: true, rejectUnauthorized: true }
  const started = await server(
    ({ request }) => {
      callers.push((request.socket as TLSSocket).getPeerCertificate().subject.CN as string)
      return { json: me }
    },
    { cert: own.certificate, key: own.key, ...demand, ...options },
  )
  return { ...started, callers }
}

const ask = (baseUrl: string, tls?: ClientTls) => createApiClient({ baseUrl, tls, timeoutMs: 5_000 }).call('whoami')
const told = (why: RegExp) => expect.objectContaining({ ...unreachable, message: expect.stringMatching(why) })

describe('a client certificate', () => {
  test('proves the client, without a token', async () => {
    const { url, callers, calls } = await guarded()
    expect(await ask(url, { ca: authority.ca, ...gateway })).toEqual(me)
    expect(callers).toEqual(['kafka-1'])
    expect(calls[0]!.request.headers.authorization).toBeUndefined()
  })

  test('is shown anew on each connection, and a connection serves many calls', async () => {
    const { url, callers, calls } = await guarded()
    const api = createApiClient({ baseUrl: url, tls: { ca: authority.ca, ...gateway } })
    await api.call('whoami')
    await api.call('whoami')
    expect(calls[1]!.request.socket).toBe(calls[0]!.request.socket)
    calls[1]!.request.socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await api.call('whoami')
    expect((calls[2]!.request.socket as TLSSocket).isSessionReused()).toBe(false)
    expect(callers).toEqual(['kafka-1', 'kafka-1', 'kafka-1'])
  })

  // A client that is still writing may see the connection end before it can read why.
  const why = /it ended the TLS handshake; look at the client certificate|it closed the connection without an answer/
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('that is not accepted ends the call: %s', async (version) => {
    const { url, callers } = await guarded(serving, { minVersion: version, maxVersion: version })
    const refused: ClientTls[] = [
      {},
      await stranger.issue({ commonName: 'kafka-1' }),
      await authority.issue({ commonName: 'kafka-1', isExpired: true }),
    ]
    for (const certificate of refused) {
      const asking = ask(url, { ca: authority.ca, ...certificate })
      await expect(asking).rejects.toEqual(told(why))
    }
    expect(callers).toEqual([])
  })
})

describe('a server', () => {
  test('of another authority, or of none that is known, is not talked to', async () => {
    const { url, callers } = await guarded()
    for (const tls of [{ ca: stranger.ca, ...gateway }, { ...gateway }, undefined]) {
      await expect(ask(url, tls)).rejects.toEqual(told(/an authority that is not trusted here/))
    }
    expect(callers).toEqual([])
  })

  test('of another name is not talked to, unless that is the name to expect', async () => {
    const elsewhere = await guarded(await authority.issue({ commonName: 'weir', names: 'DNS:weir.example' }))
    const tls = { ca: authority.ca, ...gateway }
    await expect(ask(elsewhere.url, tls)).rejects.toThrow('its certificate is for another name')
    await expect(ask(elsewhere.url, { ...tls, serverName: 'other.example' })).rejects.toThrow('for another name')
    expect(elsewhere.callers).toEqual([])
    expect(await ask(elsewhere.url, { ...tls, serverName: 'weir.example' })).toEqual(me)
  })

  test('whose certificate has expired is not talked to', async () => {
    const { url } = await guarded(await authority.issue({ commonName: 'weir', names, isExpired: true }))
    await expect(ask(url, { ca: authority.ca, ...gateway })).rejects.toThrow('its certificate has expired')
  })

  test('that knows no TLS, or only versions of it that are broken, is not talked to', async () => {
    const plain = await server(() => ({ json: me }))
    await expect(ask(plain.url.replace('http', 'https'))).rejects.toThrow('does not speak TLS')
    const old = await guarded(serving, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
    await expect(ask(old.url, { ca: authority.ca, ...gateway })).rejects.toMatchObject(unreachable)
    expect(old.callers).toEqual([])
  })
})

test('an answer before the whole body was sent is taken, and the rest is not sent', async () => {
  const json = JSON.stringify({ error: { code: 'WEIR_LIMIT_EXCEEDED', message: 'too large' } })
  let received = 0
  let closed: (() => void) | undefined
  const hasClosed = new Promise<void>((resolve) => (closed = resolve))
  const http = createServer((request, response) => {
    request.socket.on('close', () => {
      received = request.socket.bytesRead
      closed?.()
    })
    request.socket.pause()
    response.writeHead(413).end(json)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  const api = createApiClient({ baseUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}` })
  const body = new Uint8Array(64 * 1024 * 1024)
  const params = { gatewayId: 'gw', epoch: 'epo' }
  await expect(api.call('appendSegment', { params, body })).rejects.toMatchObject({ code: 'WEIR_LIMIT_EXCEEDED' })
  await hasClosed
  expect(received).toBeLessThan(body.length)
})

describe('settings that cannot be used', () => {
  test('are refused before anything is sent', () => {
    expect(() => ask('http://127.0.0.1:1', { ca: authority.ca })).toThrow(expect.objectContaining(invalid))
    expect(() => ask('ftp://127.0.0.1:1')).toThrow(expect.objectContaining(invalid))
    const tls = { certificate: gateway.certificate }
    expect(() => ask('https://127.0.0.1:1', tls)).toThrow(expect.objectContaining(invalid))
  })

  test('are told by part, without a word of the key', () => {
    const { certificate, key } = gateway
    expect(clientTlsProblem({})).toBeUndefined()
    expect(clientTlsProblem({ ca: authority.ca + stranger.ca, certificate: certificate + authority.ca, key })).toBe(
      undefined,
    )
    const wrong: [tls: ClientTls, problem: string][] = [
      [{ ca: 'ca.pem' }, 'ca must be the PEM of one or more certificates'],
      [{ ca: `${authority.ca}${authority.ca.replace(/\n[^-]/, '\nA')}` }, 'ca must be the PEM'],
      [{ certificate }, 'certificate needs its private `key`'],
      [{ key }, 'key needs the `certificate`'],
      [{ certificate: key, key }, 'certificate must be the PEM'],
      [{ certificate, key: 'c2VjcmV0' }, 'key must be the PEM of a private key'],
      [{ certificate, key: serving.key }, 'key is not the key of the first'],
    ]
    for (const [tls, words] of wrong) {
      const problem = clientTlsProblem(tls)
      expect(`${problem?.part} ${problem?.message}`).toContain(words)
      expect(problem?.message).not.toContain(tls.key ?? 'no key')
    }
  })
})
