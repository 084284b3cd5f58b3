/**
 * Topic ids and their names, learnt from every Metadata and CreateTopics answer that passes and from the gateway's own.
 * Only id → name: an id is never used again, while a name can be deleted and made anew.
 */
export const zeroTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'

/** An id that the broker did not know is asked for again after this long. */
const unknownForMs = 1_000

export class TopicNames {
  readonly #names = new Map<string, string>()
  readonly #unknownUntil = new Map<string, number>()
  readonly #limit: number

  constructor(limit = 200_000) {
    this.#limit = limit
  }

  learn(topicId: string, name: string): void {
    if (topicId === zeroTopicId) return
    this.#unknownUntil.delete(topicId)
    if (!this.#names.has(topicId) && this.#names.size >= this.#limit) {
      const oldest = this.#names.keys().next()
      if (!oldest.done) this.#names.delete(oldest.value)
    }
    this.#names.set(topicId, name)
  }

  name(topicId: string): string | undefined {
    return this.#names.get(topicId)
  }

  /** Of these ids, the ones worth asking the broker for. */
  unresolved(topicIds: Iterable<string>, nowMs: number): string[] {
    const ids = new Set<string>()
    for (const id of topicIds) {
      if (id === zeroTopicId || this.#names.has(id)) continue
      if ((this.#unknownUntil.get(id) ?? 0) > nowMs) continue
      ids.add(id)
    }
    return [...ids]
  }

  markUnknown(topicId: string, nowMs: number): void {
    if (this.#unknownUntil.size >= 10_000) this.#unknownUntil.clear()
    this.#unknownUntil.set(topicId, nowMs + unknownForMs)
  }
}
