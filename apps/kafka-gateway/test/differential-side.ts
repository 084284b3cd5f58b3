/** One of the two sides a request is sent to: its connections, its fresh names, and its answers in a form that can be compared. */
import type { Api, RequestInputOf, ResponseOf } from '@weir/kafka-protocol'
import type { PrincipalName } from './differential-rights.ts'
import { unknownId, zeroId } from './differential-world.ts'
import type { SideName, World } from './differential-world.ts'
import type { WireClient } from './wire.ts'

/** A side that neither answers nor closes. */
const silenceMs = 10_000

let freshNames = 0

export class Side {
  readonly name: SideName
  readonly #world: World
  readonly #clients = new Map<PrincipalName, Promise<WireClient>>()
  readonly #aliases: Map<string, string>

  /** `aliases`, shared by both sides, is what answers show for the names and ids that belong to one side alone. */
  constructor(world: World, name: SideName, aliases: Map<string, string>) {
    this.#world = world
    this.name = name
    this.#aliases = aliases
  }

  /** A name that only this side uses, under the same prefix; answers show `name` in its place. */
  fresh(name: string): string {
    const unique = `${name}-${++freshNames}-${this.name}`
    this.#aliases.set(unique, name)
    return unique
  }

  /** The id of a topic of the world. */
  id(name: string): string {
    return this.#world.topicIds.get(name) ?? unknownId
  }

  /** Fresh topics that exist; their ids by the name given. */
  async create(...names: string[]): Promise<Map<string, { name: string; topicId: string }>> {
    const unique = new Map(names.map((name) => [this.fresh(name), name]))
    const ids = await this.#world.createTopic(...unique.keys())
    const made = new Map<string, { name: string; topicId: string }>()
    for (const [name, topicId] of ids) {
      const plain = unique.get(name) ?? name
      this.#aliases.set(topicId, `id of ${plain}`)
      made.set(plain, { name, topicId })
    }
    return made
  }

  client(who: PrincipalName): Promise<WireClient> {
    let client = this.#clients.get(who)
    if (client === undefined) {
      client = this.#world.connect(this.name, who)
      this.#clients.set(who, client)
      void client.then((opened) => opened.closed.then(() => this.#clients.delete(who)))
    }
    return client
  }

  /** The answer, or what happened in its place. */
  async ask<A extends Api>(
    who: PrincipalName,
    api: A,
    version: number,
    body: RequestInputOf<A>,
  ): Promise<ResponseOf<A> | 'closed' | 'silent'> {
    const client = await this.client(who)
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<'silent'>((resolve) => {
      timer = setTimeout(() => resolve('silent'), silenceMs)
    })
    const answer = client.ask(api, version, body).catch((error: Error) => {
      if (/closed/.test(error.message)) return 'closed' as const
      throw error
    })
    const result = await Promise.race([answer, silence])
    clearTimeout(timer)
    if (result === 'silent') client.close()
    return result
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) (await client).close()
  }

  /** An answer without what must differ between the two sides. Lists of structs are sorted: their order is looked at by `isInOrder`. */
  normalise(value: unknown, key = ''): unknown {
    if (value === null || value === undefined) return null
    if (Buffer.isBuffer(value)) return value.toString('base64')
    if (typeof value === 'bigint') return movingNumbers.has(key) && value >= 0n ? '<moving>' : String(value)
    if (typeof value === 'number') {
      if (key === 'sessionId') return value === 0 ? 0 : '<session>'
      return value
    }
    if (typeof value === 'string') return this.#text(value, key)
    if (Array.isArray(value)) {
      const items = value.map((item) => this.normalise(item, key))
      return value.some((item) => typeof item === 'object')
        ? items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
        : items
    }
    if (typeof value !== 'object') return value
    const fields = Object.entries(value).filter(([name]) => !differing.has(name))
    const struct = Object.fromEntries(fields.map(([name, field]) => [name, this.normalise(field, name)]))
    return this.#withoutAddress(struct)
  }

  #text(value: string, key: string): string {
    const alias = this.#aliases.get(value)
    if (alias !== undefined) return alias
    if (key === 'topicId' && value !== zeroId && value !== unknownId && !this.#isWorldId(value)) return '<new id>'
    if (key === 'memberId' && /^[\w-]{22}$/.test(value)) return '<member>'
    return value.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '<uuid>')
  }

  #isWorldId(id: string): boolean {
    return [...this.#world.topicIds.values()].includes(id)
  }

  /** The broker's address on its side, the gateway's on the other: any other address shows as it is. */
  #withoutAddress(struct: Record<string, unknown>): Record<string, unknown> {
    const { host, port } = struct
    const [broker] = this.#world.kafka.brokers
    const own = this.name === 'broker' ? broker?.port : this.#world.gateway.brokerPortBase + (broker?.id ?? 0)
    return host === '127.0.0.1' && port === own ? { ...struct, port: '<own>' } : struct
  }
}

/** Texts are each side's own; throttling is a matter of time. */
const differing = new Set(['throttleTimeMs', 'errorMessage', 'batchIndexErrorMessage', 'unknownTags'])
/** Depends on what was asked before on that side. */
const movingNumbers = new Set(['baseOffset', 'logAppendTimeMs', 'producerId'])
