import type { Action, Decision, Operation } from '@weir/contracts'

/** Decisions of one principal, so that a batch on a topic that was decided before costs two look-ups. */
export class DecisionCache {
  /** A client may ask about any number of names; at this many the cache starts anew. */
  static readonly maxDecisions = 4_096
  readonly #plain = new Map<Action, Map<string, Decision>>()
  readonly #attributed = new Map<Action, Map<string, Decision>>()
  readonly #deciding: ReadonlySet<string>
  #count = 0

  /** Of all attributes only the deciding ones are part of the question. */
  constructor(deciding: ReadonlySet<string>) {
    this.#deciding = deciding
  }

  get(operation: Operation): Decision | undefined {
    const attributes = this.#attributesKey(operation.attributes)
    return attributes === undefined
      ? this.#plain.get(operation.action)?.get(operation.resource)
      : this.#attributed.get(operation.action)?.get(attributes + operation.resource)
  }

  set(operation: Operation, decision: Decision): void {
    if (this.#count >= DecisionCache.maxDecisions) {
      this.#plain.clear()
      this.#attributed.clear()
      this.#count = 0
    }
    const attributes = this.#attributesKey(operation.attributes)
    const decisions = attributes === undefined ? this.#plain : this.#attributed
    const key = attributes === undefined ? operation.resource : attributes + operation.resource
    let ofAction = decisions.get(operation.action)
    if (ofAction === undefined) {
      ofAction = new Map()
      decisions.set(operation.action, ofAction)
    }
    ofAction.set(key, decision)
    this.#count++
  }

  /** Counts and lengths make the key injective, whatever the values hold. */
  #attributesKey(attributes: Operation['attributes']): string | undefined {
    let names: string[] | undefined
    for (const name in attributes) {
      if (this.#deciding.has(name)) (names ??= []).push(name)
    }
    if (names === undefined) return undefined
    const parts = names.toSorted().map((name) => {
      const value = attributes[name] ?? ''
      return `${name.length}:${name}${value.length}:${value}`
    })
    return `${parts.length};${parts.join('')}`
  }
}
