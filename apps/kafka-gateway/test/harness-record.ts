import type { EvidenceEvent, Recorded, Recorder, SequencedEvent } from '@weir/contracts'
import { WeirError } from '@weir/kernel'

/** Evidence in memory. While `failing`, it cannot be kept, as on a full disk. */
export class MemoryRecord implements Recorder {
  readonly events: SequencedEvent[] = []
  failing = false

  append(event: EvidenceEvent): Recorded {
    if (this.failing) {
      const failure = Promise.reject(new WeirError('WEIR_EVIDENCE_UNRECORDABLE', 'the disk is full'))
      failure.catch(() => undefined)
      return { written: failure, durable: failure }
    }
    this.events.push({ seq: this.events.length, atMs: Date.now(), event })
    return { written: Promise.resolve(), durable: Promise.resolve() }
  }

  of<T extends EvidenceEvent['type']>(type: T): (EvidenceEvent & { type: T })[] {
    return this.events.map((e) => e.event).filter((event): event is EvidenceEvent & { type: T } => event.type === type)
  }
}
