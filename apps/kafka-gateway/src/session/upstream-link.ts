import type { Frame } from '@weir/kafka-protocol'
import { WeirError } from '@weir/kernel'
import type { Answer, Call, Step } from '../enforcement/enforcement.ts'
import { BrokerConnection } from '../upstream/broker-connection.ts'
import type { BrokerAddress, UpstreamOptions } from '../upstream/broker-connection.ts'

export type Forward = Extract<Step, { kind: 'forward' }>

export type LinkEvents = {
  /** What a request came to; `release` is called when the frames' bytes are no longer needed. */
  onAnswer(answer: Answer, frames: readonly Frame[], release: () => void): void
  /** The answer could not be understood or put on record. */
  onFault(error: Error): void
}

/** An answer that the record needs is waited for this long after the client has gone. */
const lastAnswersMs = 5_000

/** The way of one client connection to its broker: dialled with the first request that needs it. */
export class UpstreamLink {
  #connection: BrokerConnection | undefined
  #clientGone = false
  #needed = 0
  #settle: (() => void) | undefined
  readonly #target: () => BrokerAddress | undefined
  readonly #options: UpstreamOptions
  readonly #events: { onClose(error: Error | undefined): void; onDrain(): void }

  constructor(parts: {
    target: () => BrokerAddress | undefined
    options: UpstreamOptions
    events: { onClose(error: Error | undefined): void; onDrain(): void }
  }) {
    this.#target = parts.target
    this.#options = parts.options
    this.#events = parts.events
  }

  get connection(): BrokerConnection | undefined {
    return this.#connection
  }

  async dial(): Promise<void> {
    const address = this.#target()
    if (address === undefined) {
      throw new WeirError('WEIR_UPSTREAM_UNAVAILABLE', 'The broker of this port is not known at present.')
    }
    const connection = await BrokerConnection.open(address, this.#options, {
      onClose: (error) => {
        this.#settle?.()
        this.#events.onClose(error)
      },
      onDrain: () => this.#events.onDrain(),
    })
    if (this.#clientGone) connection.destroy()
    else this.#connection = connection
  }

  /** Sends what the step says; needs a dialled connection. The request's frame is released when its bytes have left. */
  forward(call: Call, step: Forward, events: LinkEvents): void {
    const connection = this.#connection
    if (connection === undefined) {
      call.frame.release()
      return
    }
    const requests = step.requests ?? [[call.frame.bytes]]
    const answers: Frame[] = []
    if (step.outlivesClient === true) this.#needed++
    const take = (answer: Frame) => {
      answers.push(answer)
      if (answers.length === requests.length) this.#conclude(step, answers, events)
    }
    let unsent = requests.length
    for (const request of requests) {
      connection.send(request, call.header.correlationId, take, () => {
        if (--unsent === 0) call.frame.release()
      })
    }
  }

  /** The client has gone. Resolves when the answers that the record needs are in, or are not to be had. */
  async finish(): Promise<void> {
    this.#clientGone = true
    if (this.#needed > 0 && this.#connection?.closed === false) {
      this.#connection.resume()
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lastAnswersMs)
        this.#settle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#connection?.destroy()
  }

  #conclude(step: Forward, frames: readonly Frame[], events: LinkEvents): void {
    const release = () => {
      for (const frame of frames) frame.release()
    }
    if (this.#clientGone && step.outlivesClient !== true) {
      release()
      return
    }
    const settled = (answer: Answer) => {
      events.onAnswer(answer, frames, release)
      if (step.outlivesClient === true) this.#counted()
    }
    const failed = (error: unknown) => {
      release()
      events.onFault(error as Error)
      if (step.outlivesClient === true) this.#counted()
    }
    if (step.answer === undefined) {
      settled({ kind: 'as-is' })
      return
    }
    try {
      const answer = step.answer(frames.map((frame) => frame.bytes))
      if (answer instanceof Promise) answer.then(settled, failed)
      else settled(answer)
    } catch (error) {
      failed(error)
    }
  }

  #counted(): void {
    this.#needed--
    if (this.#needed === 0) this.#settle?.()
  }
}
