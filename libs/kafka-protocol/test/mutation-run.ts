/**
 * A worker of mutation.test.ts, so that a hang or an exhausted heap ends this thread and not the test run. It posts
 * `{ target, seed }` before each target, `{ failure }` for what must not happen, and `{ report }` at the end.
 */
import { parentPort, workerData } from 'node:worker_threads'
import fc from 'fast-check'
import { apiVersionPairs, messageArbitrary } from './arbitrary.ts'
import { apis } from '../src/apis.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, readRequestHeader } from '../src/codec.ts'
import { FrameAssembler } from '../src/framing.ts'
import { KafkaProtocolError } from '../src/protocol-error.ts'
import { batchOf } from '../src/records/batch-bytes.test-support.ts'
import { deliveredRuns } from '../src/records/delivered-runs.ts'
import type { Api } from '../src/schema.ts'
import { SlabPool } from '../src/slabs.ts'
import { fetch, produce } from '../src/tables.ts'
import { walkFetchResponse } from '../src/walkers/fetch-response.ts'
import { walkProduceRequest } from '../src/walkers/produce-request.ts'
import { capturedFrames } from './captured-frames.ts'
import { mutated } from './frame-mutations.ts'
import { Random } from './random.ts'
import { vector, vectorNames } from './record-vectors.ts'

export type MutationOutcomes = { target: string; mutations: number; outcomes: Record<string, number> }

type Target = {
  readonly name: string
  readonly seeds: readonly Buffer[]
  /** Reads a frame by every way that this library has for it, and returns what it made of it. */
  readonly read: (frame: Buffer) => unknown
}

const { seed, mutations } = workerData as { seed: number; mutations: number }
/** Far above what any frame here opens to, far below what a bomb would. */
const maxOpenedBytes = 1_000_000
/** A struct of 30 fields may be made of one byte; a field, element or character costs one cell. */
const maxCellsPerByte = 64
const maxArrayBufferBytes = 512 * 1024 * 1024

function requestTarget(api: Api, version: number): Target {
  return {
    name: `${api.key} ${api.name} v${version} request`,
    seeds: seedsOf(api, version, 'request'),
    read: (frame) => {
      const { bodyOffset } = readRequestHeader(frame, 4)
      const walk = api.key === produce.key ? attempt(() => walkProduceRequest(frame, bodyOffset, version)) : undefined
      return [decodeRequest(api, version, frame, bodyOffset), walk]
    },
  }
}

function responseTarget(api: Api, version: number): Target {
  return {
    name: `${api.key} ${api.name} v${version} response`,
    seeds: seedsOf(api, version, 'response'),
    read: (frame) => {
      const walk = api.key === fetch.key ? attempt(() => readFetched(frame, version)) : undefined
      return [decodeResponse(api, version, frame, 4).body, walk]
    },
  }
}

function readFetched(frame: Buffer, version: number): unknown {
  return walkFetchResponse(frame, 4, version).topics.map((topic) =>
    topic.partitions.map(({ recordsStart, recordsEnd }) =>
      attempt(() => deliveredRuns(frame, recordsStart, recordsEnd, { maxOpenedBytes })),
    ),
  )
}

/** A refusal by one reader must not keep the next from being tried. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof KafkaProtocolError) return error.reason
    throw error
  }
}

const recordTarget: Target = {
  name: 'record batches',
  seeds: [...vectorNames.map((name) => vector(name).subarray(0, 2_500)), ...recordSeeds()].map((records) =>
    Buffer.concat([Buffer.alloc(4), records]),
  ),
  read: (frame) => deliveredRuns(frame, 4, frame.length, { maxOpenedBytes }),
}

function recordSeeds(): Buffer[] {
  return (['none', 'gzip', 'zstd'] as const).map((codec) =>
    Buffer.concat([
      batchOf({ baseOffset: 3, lastOffsetDelta: 9, deltas: [1, 4, 7], codec }),
      batchOf({ baseOffset: 20, count: 3, codec }),
    ]),
  )
}

function streamTarget(targets: readonly Target[]): Target {
  return {
    name: 'streams of frames',
    seeds: Array.from({ length: 20 }, (_, index) =>
      Buffer.concat([Buffer.alloc(4), ...targets.slice(index * 7, index * 7 + 5).flatMap(({ seeds }) => seeds)]),
    ),
    read: (stream) => {
      const assembler = new FrameAssembler({ pool: new SlabPool(), maxFrameBytes: 20_000 })
      const frames: number[] = []
      assembler.write(stream.subarray(4))
      for (let frame = assembler.next(); frame !== undefined; frame = assembler.next()) frames.push(frame.bytes.length)
      if (assembler.retainedBytes() > 4 * stream.length + 64 * 1024)
        throw new Error(`The stream retains ${assembler.retainedBytes()} bytes`)
      return frames
    },
  }
}

function seedsOf(api: Api, version: number, direction: 'request' | 'response'): Buffer[] {
  const values = fc.sample(messageArbitrary(api, version, direction), { numRuns: 5, seed })
  const generated = values.map((value) =>
    direction === 'request'
      ? encodeRequest(api, version, { correlationId: 1, clientId: 'm' }, withBatches(api, value) as never)
      : encodeResponse(api, version, 1, withBatches(api, value) as never),
  )
  const captured = capturedFrames.filter(
    (frame) => frame.api === api.key && frame.version === version && frame.direction === direction,
  )
  return [...generated, ...captured.map(({ bytes }) => bytes.subarray(0, 4_000))]
}

/** Generated record fields hold any bytes; real batches in their place let mutations go deeper. */
function withBatches(api: Api, value: unknown): unknown {
  if (api.key !== fetch.key && api.key !== produce.key) return value
  const batches = recordSeeds()
  return JSON.parse(JSON.stringify(value, tagBigInts), (name, each: unknown) => {
    if (name === 'records') return batches[0]
    if (typeof each === 'object' && each !== null && 'type' in each && each.type === 'Buffer')
      return Buffer.from((each as unknown as { data: number[] }).data)
    return typeof each === 'string' && each.startsWith('bigint:') ? BigInt.asIntN(53, BigInt(each.slice(7))) : each
  })
}

function tagBigInts(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `bigint:${value}` : value
}

/** How much was made: properties, elements, characters. Buffers are slices, and cost one. */
function cells(value: unknown): number {
  if (typeof value === 'string') return value.length + 1
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return 1
  let sum = 1
  for (const each of Object.values(value)) sum += cells(each)
  return sum
}

function outcomeOf(target: Target, frame: Buffer): string {
  try {
    const made = cells(target.read(frame))
    if (made > maxCellsPerByte * frame.length + 512) throw new Error(`${frame.length} bytes became ${made} cells`)
    return 'read'
  } catch (error) {
    if (error instanceof KafkaProtocolError) return error.reason
    throw new Error(`${target.name}, seed ${seed}, frame ${frame.toString('hex')}`, { cause: error })
  }
}

function run(target: Target, count: number, random: Random): MutationOutcomes {
  const outcomes: Record<string, number> = {}
  for (let left = count; left > 0; left -= 1) {
    const outcome = outcomeOf(target, mutated(random.pick(target.seeds), random.pick(target.seeds), random))
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  const { arrayBuffers } = process.memoryUsage()
  if (arrayBuffers > maxArrayBufferBytes)
    throw new Error(`${target.name}, seed ${seed}: ${arrayBuffers} bytes of buffers`)
  return { target: target.name, mutations: count, outcomes }
}

function runAll(): void {
  const pairs = apiVersionPairs(apis.values())
  const messages = pairs.flatMap(({ api, version }) => [requestTarget(api, version), responseTarget(api, version)])
  // What carries the bytes is hit more often than its share.
  const targets = [
    ...messages,
    ...Array.from({ length: 20 }, () => recordTarget),
    ...Array.from({ length: 5 }, () => streamTarget(messages)),
  ]
  const random = new Random(seed)
  const count = Math.ceil(mutations / targets.length)
  const report = targets.map((target) => {
    parentPort?.postMessage({ target: target.name })
    return run(target, count, random)
  })
  parentPort?.postMessage({ report })
}

runAll()
