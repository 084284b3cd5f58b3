/**
 * Responses leave in the order of their requests, whatever became ready first (Kafka answers a connection strictly in order).
 * One place per request; a place is filled once, and everything ready at the head is written in one go.
 */
export type Place = { state: 'waiting' | 'ready'; output: readonly Buffer[]; release: (() => void) | undefined }

export class Pipeline {
  #places: Place[] = []
  #head = 0
  readonly #write: (buffers: readonly Buffer[], done: () => void) => void

  /** `write` sends buffers to the client and calls `done` when they may be reused. */
  constructor(write: (buffers: readonly Buffer[], done: () => void) => void) {
    this.#write = write
  }

  /** Requests that have no answer written yet. */
  get size(): number {
    return this.#places.length - this.#head
  }

  open(): Place {
    const place: Place = { state: 'waiting', output: [], release: undefined }
    this.#places.push(place)
    return place
  }

  /** Fills a place; an empty output is an answer that is not sent (acks=0). `release` is called when the bytes may be reused. */
  fill(place: Place, output: readonly Buffer[], release?: () => void): void {
    place.state = 'ready'
    place.output = output
    place.release = release
    this.#flush()
  }

  /** Gives back what the unwritten places hold. */
  abandon(): void {
    for (let i = this.#head; i < this.#places.length; i++) (this.#places[i] as Place).release?.()
    this.#places = []
    this.#head = 0
  }

  #flush(): void {
    const buffers: Buffer[] = []
    const releases: (() => void)[] = []
    while (this.#head < this.#places.length) {
      const place = this.#places[this.#head] as Place
      if (place.state !== 'ready') break
      this.#head++
      for (const buffer of place.output) buffers.push(buffer)
      if (place.release !== undefined) releases.push(place.release)
    }
    if (this.#head === this.#places.length) {
      this.#places = []
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#places = this.#places.slice(this.#head)
      this.#head = 0
    }
    if (buffers.length === 0) {
      for (const release of releases) release()
      return
    }
    this.#write(buffers, () => {
      for (const release of releases) release()
    })
  }
}
