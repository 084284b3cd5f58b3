import type { Random } from './random.ts'

const edgeBytes = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff]
const edgeInt32s = [-0x8000_0000, -2, -1, 0, 1, 0x7fff, 0xffff, 0x00ff_ffff, 0x7fff_fffe, 0x7fff_ffff]
/** Lengths and counts of the flexible encoding: null, empty, one, the largest, and two that are too long. */
const edgeVarints = [
  [0x00],
  [0x01],
  [0x02],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
]

type Mutation = (frame: Buffer, at: number, random: Random, other: Buffer) => Buffer

const mutations: readonly Mutation[] = [
  (frame, at, random) => {
    frame[at] = frame[at]! ^ (1 << random.below(8))
    return frame
  },
  (frame, at, random) => {
    frame[at] = random.pick(edgeBytes)
    return frame
  },
  (frame, at, random) => {
    if (at + 2 <= frame.length) frame.writeInt16BE(random.pick([-0x8000, -2, -1, 0, 1, 0x7fff]), at)
    return frame
  },
  (frame, at, random) => {
    if (at + 4 <= frame.length) frame.writeInt32BE(random.pick([...edgeInt32s, frame.length, frame.length - at]), at)
    return frame
  },
  (frame, at, random) => {
    if (at + 8 <= frame.length) frame.writeInt32BE(random.pick(edgeInt32s), at + random.pick([0, 4]))
    return frame
  },
  (frame, at, random) => replaced(frame, at, at + 1, Buffer.from(random.pick(edgeVarints))),
  (frame, at) => frame.subarray(0, at),
  (frame, at, random) => replaced(frame, at, at + 1 + random.below(12), Buffer.alloc(0)),
  (frame, at, random) => replaced(frame, at, at, Buffer.alloc(1 + random.below(12), random.pick(edgeBytes))),
  (frame, at, random) => replaced(frame, at, at, frame.subarray(at, at + 1 + random.below(64))),
  (frame, at, random, other) => replaced(frame, at, frame.length, other.subarray(random.below(other.length))),
]

function replaced(frame: Buffer, start: number, end: number, bytes: Buffer): Buffer {
  return Buffer.concat([frame.subarray(0, start), bytes, frame.subarray(Math.min(end, frame.length))])
}

/**
 * A frame with one to three faults anywhere behind its size prefix: wrong lengths, counts and tags, flipped bits, bytes that are
 * missing, doubled, too many, or from another frame. The size is right again afterwards, so that the faults are met inside.
 */
export function mutated(seed: Buffer, other: Buffer, random: Random): Buffer {
  let frame = Buffer.from(seed)
  for (let left = 1 + random.below(3); left > 0 && frame.length > 4; left -= 1) {
    frame = Buffer.from(random.pick(mutations)(frame, 4 + random.below(frame.length - 4), random, other))
  }
  if (frame.length < 4) frame = Buffer.alloc(4)
  frame.writeInt32BE(frame.length - 4)
  return frame
}
