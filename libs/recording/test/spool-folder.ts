import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SealedSegment, SequencedEvent } from '@weir/contracts'
import { systemClock } from '@weir/kernel'
import type { WeirError } from '@weir/kernel'
import { onTestFinished } from 'vitest'
import { decodeSegment, openSpool, verifySegment } from '../src/index.ts'
import type { Spool, SpoolOptions } from '../src/index.ts'

const pair = generateKeyPairSync('ed25519')
export const signingKey: KeyObject = pair.privateKey
export const publicKey: KeyObject = pair.publicKey

/** A folder that is gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'weir-recording-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Opens a spool that collects its faults. */
export async function open(options: Partial<SpoolOptions> & { dir: string }): Promise<Spool & { faults: WeirError[] }> {
  const faults: WeirError[] = []
  const spool = await openSpool({
    gatewayId: 'gw-1',
    signingKey,
    clock: systemClock,
    onFault: (error) => faults.push(error),
    ...options,
  })
  return Object.assign(spool, { faults })
}

/** Waits for the oldest segment, with a limit that makes a lost one a failed test rather than a hanging one. */
export function next(spool: Spool, limitMs = 5_000): Promise<SealedSegment> {
  return spool.next(AbortSignal.timeout(limitMs))
}

/** Ships all that is sealed now, checks signatures and chain, and returns the events by epoch. */
export async function ship(spool: Spool, quietMs = 30): Promise<Map<string, SequencedEvent[]>> {
  const events = new Map<string, SequencedEvent[]>()
  for (;;) {
    const segment = await spool.next(AbortSignal.timeout(quietMs)).catch(() => undefined)
    if (segment === undefined) return events
    if (!verifySegment(segment, publicKey)) throw new Error('a segment does not verify')
    const decoded = decodeSegment(segment.body, segment.header)
    const soFar = events.get(segment.header.epoch) ?? []
    if (decoded.events[0]?.seq !== (soFar.at(-1)?.seq ?? 0) + 1) throw new Error('the record has a gap')
    events.set(segment.header.epoch, [...soFar, ...decoded.events])
    await spool.acknowledge(segment.header)
  }
}

/** The offsets of all events that carry one, in the order of the record. */
export function offsetsOf(events: Map<string, SequencedEvent[]>): number[] {
  return [...events.values()].flat().flatMap(({ event }) => ('firstOffset' in event ? [event.firstOffset] : []))
}
