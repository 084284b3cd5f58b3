import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { Secret } from '@weir/config'
import { SlabPool } from '@weir/kafka-protocol'
import { createLogger, createMetrics } from '@weir/kernel'
import { createAuthority } from '@weir/testing'
import type { Authority, IssuedCertificate } from '@weir/testing'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TlsTermination } from './tls-termination.ts'
import { Transport } from './transport.ts'

let authority: Authority
let own: IssuedCertificate

beforeAll(async () => {
  authority = await createAuthority('weir test authority')
  own = await authority.issue({ commonName: 'gateway', names: 'IP:127.0.0.1' })
})
afterAll(() => authority.remove())

/** A port whose connections end TLS and echo every frame back. */
async function startEcho(timeoutMs: number) {
  let log = ''
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log += chunk.toString()
      done()
    },
  })
  const metrics = createMetrics()
  const termination = new TlsTermination({
    tls: { certificate: own.certificate, key: new Secret(own.key), clientCa: undefined, clientAuth: 'none' },
    timeoutMs,
    logger: createLogger({ app: 'test', level: 'debug', destination }),
    metrics,
  })
  const malformed: Error[] = []
  const server = createServer({ pauseOnConnect: true }, (socket) =>
    termination.secure(socket, (arrival) => {
      const transport: Transport = Transport.wrap(arrival.socket, {
        pool: new SlabPool({ poison: true }),
        maxFrameBytes: 16 * 1024 * 1024,
        events: {
          onFrames: (frames) => {
            for (const frame of frames) transport.write([frame.bytes], () => frame.release())
          },
          onMalformed: (error) => {
            malformed.push(error)
            transport.destroy()
          },
          onClose: () => undefined,
          onDrain: () => undefined,
        },
      })
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    termination,
    malformed,
    log: () => log,
    metrics: async () => (await metrics.expose()).body,
    dial: () => connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined),
    isEmpty: () => new Promise<boolean>((resolve) => server.getConnections((_, count) => resolve(count === 0))),
    async stop() {
      termination.stop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const secureOver = (socket: Socket) => connectTls({ socket, ca: authority.ca, host: '127.0.0.1' })

test('frames of all sizes come through as they were, whatever the size of TLS records', async () => {
  const echo = await startEcho(10_000)
  const client = secureOver(echo.dial())
  const bodies = [0, 1, 16_379, 16_380, 16_381, 70_000, 3_000_000, 5].map((size) => randomBytes(size))
  const sent = Buffer.concat(
    bodies.flatMap((body) => {
      const size = Buffer.alloc(4)
      size.writeInt32BE(body.length)
      return [size, body]
    }),
  )
  client.write(sent)
  const received: Buffer[] = []
  let count = 0
  for await (const chunk of client as AsyncIterable<Buffer>) {
    received.push(chunk)
    count += chunk.length
    if (count >= sent.length) break
  }
  expect(Buffer.concat(received).equals(sent)).toBe(true)
  await echo.stop()
})

test(
  'connections cut at any point, with data in both directions, leave nothing behind',
  { timeout: 60_000 },
  async () => {
    const echo = await startEcho(300)
    const frame = Buffer.alloc(100_004, 7)
    frame.writeInt32BE(100_000)
    const rounds = Array.from({ length: 150 }, async (_, round) => {
      await delay(round * 5)
      const socket = echo.dial()
      const secure = secureOver(socket)
      secure.on('error', () => undefined)
      secure.on('data', () => undefined)
      secure.write(frame)
      if (round % 5 === 4) secure.write(Buffer.from('ffffffff', 'hex'))
      await delay((round * 7) % 40)
      if (round % 3 === 0) socket.resetAndDestroy()
      else if (round % 3 === 1) socket.destroy()
      else secure.end()
    })
    await Promise.all(rounds)
    await expect.poll(() => echo.isEmpty(), { timeout: 10_000 }).toBe(true)
    expect(echo.termination.pending).toBe(0)
    expect(echo.malformed.length).toBeGreaterThan(0)
    await echo.stop()
  },
)

test('a handshake that came to nothing is counted by its reason, and told once', async () => {
  const echo = await startEcho(200)
  echo.dial().write('GET / HTTP/1.1\r\n\r\n')
  const silent = echo.dial()
  echo.dial().end()
  await once(silent, 'close')
  await expect.poll(() => echo.isEmpty()).toBe(true)
  const metrics = await echo.metrics()
  expect(metrics).toContain('weir_kafka_tls_handshakes_failed_total{reason="timeout"} 1')
  expect(metrics).toContain('weir_kafka_tls_handshakes_failed_total{reason="protocol"} 1')
  expect(metrics).toContain('weir_kafka_tls_handshakes_failed_total{reason="abandoned"} 1')
  expect(echo.log().match(/TLS handshake failed/g)).toHaveLength(3)
  expect(echo.log()).toMatch(/"reason":"http request","peer":"127\.0\.0\.1"/)
  await echo.stop()
})
