/** Time as a dependency, so that a test can hold it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** Milliseconds that never go backwards; only differences mean anything. */
  monotonicMs(): number
}

/** The time of this machine. */
export const systemClock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
