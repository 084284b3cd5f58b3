/** Frames that real clients and the real broker sent (see capture.ts): one for each API, version and direction. */
import stored from './vectors/captured-frames.json' with { type: 'json' }

export type CapturedFrame = {
  readonly api: number
  readonly name: string
  readonly version: number
  readonly direction: 'request' | 'response'
  /** With the size prefix. */
  readonly bytes: Buffer
}

export const capturedFrames: readonly CapturedFrame[] = Object.entries(stored).map(([title, hex]) => {
  const [, api, name = '', version, direction] = /^(\d+) (\w+) v(\d+) (request|response)$/.exec(title) ?? []
  if (direction !== 'request' && direction !== 'response') throw new Error(`Not a frame's title: ${title}`)
  return { api: Number(api), name, version: Number(version), direction, bytes: Buffer.from(hex, 'hex') }
})
