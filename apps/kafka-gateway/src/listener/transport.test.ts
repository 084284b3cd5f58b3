import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { SlabPool } from '@weir/kafka-protocol'
import type { Frame } from '@weir/kafka-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { Transport } from './transport.ts'

const open: { destroy(): void }[] = []
const servers: { close(): void }[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})

type Kind = 'accepted' | 'accepted, by events' | 'dialled'
const kinds: readonly Kind[] = ['accepted', 'accepted, by events', 'dialled']

type Seen = { frames: Frame[]; errors: Error[]; closes: (Error | undefined)[]; drains: number }
type Pair = { transport: Transport; peer: Socket; seen: Seen }

/** A transport and the plain socket at its other end. Released memory is overwritten, so that a use after release shows. */
async function connected(
  kind: Kind,
  onFrames?: (frames: Frame[]) => void,
  maxFrameBytes = 64 * 1024 * 1024,
): Promise<Pair> {
  const seen: Seen = { frames: [], errors: [], closes: [], drains: 0 }
  const options = {
    pool: new SlabPool({ poison: true }),
    maxFrameBytes,
    events: {
      onFrames: onFrames ?? ((frames: Frame[]) => void seen.frames.push(...frames)),
      onMalformed: (error: Error) => void seen.errors.push(error),
      onClose: (error: Error | undefined) => void seen.closes.push(error),
      onDrain: () => void seen.drains++,
    },
  }
  const server = createServer({ pauseOnConnect: kind !== 'dialled' })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const arrival = once(server, 'connection') as Promise<[Socket]>
  if (kind === 'dialled') {
    const transport = await new Promise<Transport>((resolve) => {
      const dialled = Transport.dial(address, options, () => resolve(dialled))
    })
    const [peer] = await arrival
    peer.on('error', () => {})
    open.push(transport, peer)
    return { transport, peer, seen }
  }
  const peer = connect(address)
  peer.on('error', () => {})
  const [accepted] = await arrival
  const transport = kind === 'accepted' ? Transport.accept(accepted, options) : Transport.wrap(accepted, options)
  open.push(transport, peer)
  return { transport, peer, seen }
}

/** A frame whose every byte tells where it belongs. */
function frame(number: number, bodyBytes: number): Buffer {
  const bytes = Buffer.alloc(4 + bodyBytes)
  bytes.writeInt32BE(bodyBytes)
  for (let i = 0; i < bodyBytes; i++) bytes[4 + i] = (number * 31 + i) & 0xff
  return bytes
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2)
}

test('sockets are read in place, accepted ones by taking over their handle', async () => {
  expect((await connected('accepted')).transport.readsInPlace).toBe(true)
  expect((await connected('dialled')).transport.readsInPlace).toBe(true)
  expect((await connected('accepted, by events')).transport.readsInPlace).toBe(false)
})

describe.each(kinds)('%s', (kind) => {
  test('frames of any size arrive whole and in order, however they were cut', async () => {
    const { peer, seen } = await connected(kind)
    const sizes = [0, 1, 5, 1_000, 70_000, 3, 300_000, 2_000_000, 17, 131_072]
    const sent = sizes.map((size, number) => frame(number, size))
    const stream = Buffer.concat(sent)
    for (let at = 0, step = 1; at < stream.length; at += step, step = (step * 7) % 100_003) {
      peer.write(stream.subarray(at, at + step))
      if (step < 50) await delay(0)
    }
    await until(() => seen.frames.length === sent.length)
    seen.frames.forEach((each, number) => expect(each.bytes.equals(sent[number]!)).toBe(true))
  })

  test('a pause stops the sender, and resuming loses nothing', async () => {
    const { transport, peer, seen } = await connected(kind)
    const count = 400
    transport.pause()
    for (let number = 0; number < count; number++) peer.write(frame(number, 100_000))
    await delay(100)
    expect(seen.frames.length).toBeLessThan(count / 2)
    const held = peer.writableLength
    expect(held).toBeGreaterThan(0)
    await delay(50)
    expect(peer.writableLength).toBe(held)
    transport.resume()
    await until(() => seen.frames.length === count)
    expect(seen.frames.every((each, number) => each.bytes.equals(frame(number, 100_000)))).toBe(true)
  })

  test('pausing while frames are handed over takes effect at once', async () => {
    let delivered = 0
    const { transport, peer } = await connected(kind, (frames) => {
      for (const each of frames) each.release()
      delivered += frames.length
      transport.pause()
    })
    const count = 50
    for (let number = 0; number < count; number++) peer.write(frame(number, 100_000))
    for (let rounds = 0; delivered < count; rounds++) {
      const before = delivered
      transport.resume()
      await until(() => delivered > before)
      expect(rounds).toBeLessThan(count)
    }
    expect(delivered).toBe(count)
  })

  test('what is written is kept until a slow peer has taken it', async () => {
    const { transport, peer, seen } = await connected(kind)
    peer.pause()
    const count = 300
    let done = 0
    const pool = new SlabPool({ poison: true })
    for (let number = 0; number < count; number++) {
      const bytes = frame(number, 60_000)
      const slab = pool.take(bytes.length, { bytes: 0 })
      bytes.copy(slab.buffer)
      transport.write([slab.buffer.subarray(0, 10), slab.buffer.subarray(10, bytes.length)], () => {
        done++
        slab.release(0, bytes.length)
      })
    }
    await delay(100)
    expect(done).toBeLessThan(count)
    expect(transport.bufferedBytes).toBeGreaterThan(0)
    const received: Buffer[] = []
    let receivedBytes = 0
    peer.on('data', (chunk: Buffer) => {
      received.push(chunk)
      receivedBytes += chunk.length
    })
    peer.resume()
    await until(() => done === count && receivedBytes === count * 60_004)
    expect(
      Buffer.concat(received).equals(Buffer.concat(Array.from({ length: count }, (_, n) => frame(n, 60_000)))),
    ).toBe(true)
    expect(transport.bufferedBytes).toBe(0)
    expect(seen.drains).toBe(1)
  })

  test('what is written between cork and uncork arrives in one piece', async () => {
    const { transport, peer } = await connected(kind)
    const received: string[] = []
    peer.on('data', (chunk: Buffer) => void received.push(chunk.toString()))
    transport.cork()
    for (const text of ['a', 'b', 'c']) transport.write([Buffer.from(text)])
    await delay(20)
    expect(received).toEqual([])
    transport.uncork()
    await until(() => received.length > 0)
    expect(received).toEqual(['abc'])
  })

  test('the bytes of a write are given back when the connection is lost', async () => {
    const { transport, peer, seen } = await connected(kind)
    peer.pause()
    let done = 0
    for (let number = 0; number < 200; number++) transport.write([frame(number, 60_000)], () => done++)
    await delay(20)
    expect(done).toBeLessThan(200)
    transport.destroy()
    await until(() => seen.closes.length === 1 && done === 200)
    transport.write([frame(0, 1)], () => done++)
    expect(done).toBe(201)
  })

  test('frames before a size beyond the limit are handed over, nothing after it', async () => {
    const { peer, seen } = await connected(kind, undefined, 1_000)
    peer.write(Buffer.concat([frame(0, 10), frame(1, 1_000), frame(2, 1_001), frame(3, 10)]))
    await until(() => seen.errors.length === 1)
    peer.write(frame(4, 10))
    await delay(20)
    expect(seen.frames.map((each) => each.bytes.length)).toEqual([14, 1_004])
    expect(seen.errors).toHaveLength(1)
  })

  test('the end of the peer is told once', async () => {
    const { transport, peer, seen } = await connected(kind)
    peer.end(frame(0, 10))
    await until(() => seen.closes.length > 0)
    await delay(10)
    expect(seen.closes).toEqual([undefined])
    expect(seen.frames).toHaveLength(1)
    expect(transport.closed).toBe(true)
  })
})

describe.each([
  ['dialled', 'accepted'],
  ['accepted', 'dialled'],
  ['accepted, by events', 'accepted, by events'],
] as const)('relaying from %s to %s', (fromKind, toKind) => {
  test('no byte changes while the receiver is slower than the sender', async () => {
    const to = await connected(toKind)
    const from = await connected(fromKind, (frames) => {
      for (const each of frames) to.transport.write([each.bytes], () => each.release())
      if (to.transport.bufferedBytes > 1024 * 1024) from.transport.pause()
    })
    const resumed = setInterval(() => {
      if (to.transport.bufferedBytes === 0) from.transport.resume()
    }, 1)
    const received: Buffer[] = []
    let receivedBytes = 0
    to.peer.on('data', (chunk: Buffer) => {
      received.push(chunk)
      receivedBytes += chunk.length
      if (received.length % 16 === 0) {
        to.peer.pause()
        setTimeout(() => to.peer.resume(), 1)
      }
    })
    const sent = Array.from({ length: 200 }, (_, number) => frame(number, (number * 7_919) % 200_000))
    const stream = Buffer.concat(sent)
    from.peer.write(stream)
    await until(() => receivedBytes === stream.length)
    clearInterval(resumed)
    expect(Buffer.concat(received).equals(stream)).toBe(true)
  })
})
