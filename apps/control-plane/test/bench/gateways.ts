/** Segments as gateways would have sealed them: made before the clock runs, so that only the control plane is measured. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyObject } from 'node:crypto'
import type { SealedSegment } from '@weir/contracts'
import { systemClock } from '@weir/kernel'
import { openSpool } from '@weir/recording'
import { access, sessionStart } from '../segments.ts'

/** `following`: fetches of a partition follow each other. `scattered`: none does, so nothing is coalesced. */
export type Mix = 'following' | 'scattered'

const eventsPerSegment = 1_000
const sessions = 40

export async function sealLoad(
  gatewayId: string,
  signingKey: KeyObject,
  load: { segments: number; mix: Mix },
): Promise<SealedSegment[]> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  const limits = { sealAfterMs: 60_000, sealAfterEvents: eventsPerSegment }
  const spool = await openSpool({ dir: join(dir, 'spool'), gatewayId, signingKey, clock: systemClock, ...limits })
  const sealed: SealedSegment[] = []
  const step = load.mix === 'following' ? 10 : 11
  for (let session = 0; session < sessions; session++) {
    void spool.append(sessionStart(`ses_${gatewayId}_${session}`, `person-${session}`), 'buffered')
  }
  for (let n = sessions; n < load.segments * eventsPerSegment; n++) {
    const session = n % sessions
    const first = Math.floor(n / sessions) * step
    const place = { topic: `payments.orders-${session % 20}`, partition: session % 12, first, last: first + 9 }
    const { written } = spool.append(
      access('kafka.consume', `ses_${gatewayId}_${session}`, place, { requestedOffset: first }),
      'buffered',
    )
    if (n % eventsPerSegment !== eventsPerSegment - 1) continue
    await written
    const segment = await spool.next(AbortSignal.timeout(60_000))
    await spool.acknowledge(segment.header)
    sealed.push(segment)
  }
  await spool.close()
  rmSync(dir, { recursive: true })
  return sealed
}
