/** What a case is, and how one is run on both sides and compared. */
import type { Api, RequestInputOf, ResponseOf } from '@weir/kafka-protocol'
import { principals } from './differential-rights.ts'
import type { PrincipalName } from './differential-rights.ts'
import type { Side } from './differential-side.ts'

export type Made = ReadonlyMap<string, { readonly name: string; readonly topicId: string }>

export type Case<A extends Api = Api> = {
  readonly name: string
  /** Within what is served; all of it when absent. */
  readonly versions?: readonly [min: number, max: number]
  /** All of them when absent. */
  readonly as?: readonly PrincipalName[]
  /** Topics that must exist, and that only this request on this side will change. */
  readonly make?: readonly string[]
} & (
  | { request(side: Side, version: number, made: Made): RequestInputOf<A> }
  /** Several requests, whose answers are compared together. */
  | { script(ask: Ask, version: number, side: Side): Promise<unknown[]> }
)

/** Sends as the principal of the case; fails the case when there is no answer. */
export type Ask = <A extends Api>(api: A, version: number, body: RequestInputOf<A>) => Promise<ResponseOf<A>>

export type ApiCases = {
  readonly api: Api
  /** Answers whose order means nothing, as they are looked up by name. */
  readonly isUnordered?: true
  readonly cases: readonly Case[]
}

/** The cases of one API, with requests checked against its own table. */
export function casesOf<A extends Api>(api: A, cases: readonly Case<A>[], order?: { isUnordered: true }): ApiCases {
  return { api, cases: cases as readonly unknown[] as readonly Case[], ...order }
}

/** Asks both sides; an empty list when they agree. */
export async function compare(
  sides: readonly [Side, Side],
  { api, isUnordered }: ApiCases,
  version: number,
  one: Case,
): Promise<{ compared: number; differences: string[] }> {
  const outcomes = await Promise.all(
    (one.as ?? principals).map(async (who) => {
      const [expected, actual] = await Promise.all(
        sides.map(async (side) => {
          const { request, answer } = await run(side, who, api, version, one)
          return { request, answer, normal: JSON.stringify(side.normalise(answer), undefined, 1) }
        }),
      )
      if (expected === undefined || actual === undefined) return []
      const where = `${api.name} v${version} as ${who}: ${one.name}`
      if (expected.normal !== actual.normal) return [`${where}\n${differingLines(expected.normal, actual.normal)}`]
      // What `all` is told comes as the broker wrote it.
      return who === 'all' || isUnordered === true || isInOrder(actual.request, actual.answer)
        ? []
        : [`${where}: not in the order of the request`]
    }),
  )
  return { compared: outcomes.length, differences: outcomes.flat() }
}

async function run(
  side: Side,
  who: PrincipalName,
  api: Api,
  version: number,
  one: Case,
): Promise<{ request: object; answer: unknown }> {
  if ('script' in one) {
    const ask: Ask = async (asked, askedVersion, body) => {
      const answer = await side.ask(who, asked, askedVersion, body)
      if (answer === 'closed' || answer === 'silent') throw new Error(`${asked.name} v${askedVersion} has no answer`)
      return answer
    }
    return { request: {}, answer: await one.script(ask, version, side) }
  }
  const made: Made = one.make === undefined ? new Map() : await side.create(...one.make)
  const request = one.request(side, version, made)
  return { request, answer: await side.ask(who, api, version, request) }
}

/** Elements of an answer stand in the order in which the request names them. */
export function isInOrder(request: object, answer: unknown): boolean {
  const asked = elements(request).map(identity)
  let position = 0
  for (const name of elements(answer).map(identity)) {
    if (!asked.includes(name)) continue
    position = asked.indexOf(name, position)
    if (position < 0) return false
  }
  return true
}

const elementLists = [
  ...['topics', 'topicData', 'topicNames', 'groups', 'groupIds', 'coordinatorKeys', 'resources'],
  ...['responses', 'results', 'coordinators'],
]

function elements(message: unknown): unknown[] {
  if (typeof message !== 'object' || message === null) return []
  const lists = elementLists.flatMap((name) => {
    const list = (message as Record<string, unknown>)[name]
    return Array.isArray(list) && list.length > 0 ? [list as unknown[]] : []
  })
  return lists[0] ?? []
}

type Named = { readonly [K in 'name' | 'topic' | 'groupId' | 'key' | 'resourceName' | 'topicId']?: string | null }

function identity(element: unknown): string {
  if (typeof element === 'string') return element
  const { name, topic, groupId, key, resourceName, topicId, ...rest } = element as Named & { resourceType?: number }
  return `${name || topic || groupId || key || resourceName || topicId || ''} ${rest.resourceType ?? ''}`.trimEnd()
}

/** The first lines that differ, with what stands before them. */
function differingLines(expected: string, actual: string): string {
  const [a, b] = [expected.split('\n'), actual.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  const from = Math.max(0, (at < 0 ? a.length : at) - 8)
  const cut = (lines: string[]) => lines.slice(from, from + 20).join('\n')
  return `the broker:\n${cut(a)}\nthe gateway:\n${cut(b)}`
}
