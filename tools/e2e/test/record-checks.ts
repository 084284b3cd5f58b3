/** Answers about who wrote and who read, compared with what the clients themselves saw. */
import type { Output } from '@weir/control-plane-client'
import { expect } from 'vitest'
import type { Ran } from './clients.ts'
import type { System } from './system.ts'

/** A client that used a partition: a record of it must name exactly this one. */
export type Client = { readonly who: string; readonly clientId: string; readonly group?: string }
export type Use = Client & { readonly fromMs: number; readonly toMs: number }
/** A use that covers these offsets, and asked from `asked` on where that lies inside a batch. */
export type Reading = Use & { readonly offsets: ReadonlySet<number>; readonly asked?: number }

export type Access = Output<'access'>['accesses'][number]
type Answer = Pick<Output<'access'>, 'accesses'>

export const nameOf = ({ who, clientId, group = '-' }: Client) => `${who} ${clientId} ${group}`
const namedIn = ({ person, clientId, group = '-' }: Access) => `${person.subject} ${clientId} ${group}`

/** The offsets from `first` up to `end`, exclusive. */
export const span = (first: number, end: number) =>
  new Set(Array.from({ length: end - first }, (_, index) => first + index))

/** That a client ran to its end, and when. */
export function useOf(client: Client, ran: Ran<unknown>): Use {
  expect(ran, `${nameOf(client)}:\n${ran.stdout}${ran.stderr}`).toMatchObject({ code: 0 })
  return { ...client, fromMs: ran.fromMs, toMs: ran.toMs }
}

/** Every offset at the API, and some of them with the command, which must say the same and exit with 1 for nobody. */
async function askAll(
  system: System,
  question: 'who-wrote' | 'who-read',
  topic: string,
  end: number,
): Promise<readonly Access[][]> {
  const action = question === 'who-wrote' ? 'publish' : 'consume'
  const answers: Access[][] = []
  for (let offset = 0; offset < end; offset++) {
    const query = { protocol: 'kafka', action, topic, partition: 0, offset } as const
    answers.push((await system.api.call('access', { query })).accesses)
  }
  for (const offset of [0, Math.floor(end / 3), Math.floor(end / 2), end - 1]) {
    const args = ['evidence', question, '--topic', topic, '--partition', '0', '--offset', String(offset)]
    const { accesses } = await system.ask<Answer>(args, answers[offset]!.length > 0 ? 0 : 1)
    expect(accesses).toEqual(answers[offset])
  }
  return answers
}

function expectDuring(access: Access, use: Use): void {
  const at = Date.parse(access.at)
  expect(at, `${namedIn(access)} at ${access.at}`).toBeGreaterThanOrEqual(use.fromMs)
  expect(at, `${namedIn(access)} at ${access.at}`).toBeLessThanOrEqual(use.toMs)
}

/** Checks who wrote each offset against the writers, found by what stands in the records; gives the batch of each offset. */
export async function expectWriters(
  system: System,
  topic: string,
  values: readonly string[],
  writers: readonly Use[],
): Promise<Access[]> {
  const answers = await askAll(system, 'who-wrote', topic, values.length)
  const sessions = new Map<string, Set<string>>()
  answers.forEach((accesses, offset) => {
    const clientId = values[offset]!.split(':')[0]
    const writer = writers.find((use) => use.clientId === clientId)!
    expect(accesses.map(namedIn), `offset ${offset} of ${topic}`).toEqual([nameOf(writer)])
    const access = accesses[0]!
    expectDuring(access, writer)
    expect(access.firstOffset <= offset && offset <= access.lastOffset).toBe(true)
    const own = values.slice(access.firstOffset, access.lastOffset + 1)
    expect(own.every((value) => value.startsWith(`${clientId}:`))).toBe(true)
    sessions.set(clientId!, (sessions.get(clientId!) ?? new Set()).add(access.sessionId))
  })
  for (const writer of writers) await expectOneSession(system, topic, writer, sessions.get(writer.clientId), values)
  return answers.map(([access]) => access!)
}

/** A producer publishes to one partition over one connection, so all of its records are of one session, which counts them. */
async function expectOneSession(
  system: System,
  topic: string,
  writer: Use,
  ids: ReadonlySet<string> | undefined,
  values: readonly string[],
) {
  expect(ids?.size, nameOf(writer)).toBe(1)
  const session = await system.api.call('session', { params: { id: [...ids!][0]! } })
  expect(session).toMatchObject({ person: { subject: writer.who }, clientId: writer.clientId })
  expect(Date.parse(session.startedAt)).toBeGreaterThanOrEqual(writer.fromMs)
  expect(Date.parse(session.endedAt!)).toBeGreaterThanOrEqual(Date.parse(session.startedAt))
  const published = session.totals!.filter(
    (total) => total.action === 'publish' && total.resource === `kafka:topic:${topic}`,
  )
  const own = values.filter((value) => value.startsWith(`${writer.clientId}:`)).length
  expect(published.map((total) => total.records)).toEqual([own])
}

/** Checks who read each offset: exactly those readings that covered it, and who asked from behind it is said so. */
export async function expectReaders(
  system: System,
  topic: string,
  end: number,
  readings: readonly Reading[],
): Promise<void> {
  const coverage = Array.from({ length: end }, (_, offset) => readings.filter(({ offsets }) => offsets.has(offset)))
  const answers = await askAll(system, 'who-read', topic, end)
  answers.forEach((accesses, offset) => {
    const readers = coverage[offset]!
    const told = [...new Set(accesses.map(namedIn))]
    expect(told.toSorted(), `offset ${offset} of ${topic}`).toEqual(readers.map(nameOf).toSorted())
    for (const access of accesses) {
      const reading = readers.find((reader) => nameOf(reader) === namedIn(access))!
      expectDuring(access, reading)
      const asked = reading.asked !== undefined && offset < reading.asked ? reading.asked : undefined
      expect(access.requestedOffset, `offset ${offset} read by ${nameOf(reading)}`).toBe(asked)
    }
  })
}
