import type { Access, EvidenceEntry } from '@weir/contracts'
import { command } from '../command.ts'
import type { Command } from '../command.ts'
import { integer, moment, required, text } from '../options.ts'
import { paging, sayNext } from '../paging.ts'
import { printable, table } from '../table.ts'
import { roughDuration, nameOf } from '../wording.ts'

export const evidenceList = command({
  name: 'evidence list',
  summary: 'events on record, newest first',
  options: {
    type: text('TYPE', 'of this type: session.start, decision.deny, kafka.publish, kafka.consume, …'),
    session: text('ID', 'of this session'),
    subject: text('SUBJECT', 'of sessions of this person or machine'),
    resource: text('RESOURCE', 'on this resource: kafka:topic:payments.orders'),
    since: moment('TIME', 'not before: 2026-01-31T14:00Z, 2026-01-31, or how long ago: 2h'),
    until: moment('TIME', 'not after'),
    ...paging,
  },
  no: 'you may not see them',
  async run({ type, session, subject, resource, since, until, limit, cursor }, context) {
    const api = context.api()
    const query = { type, sessionId: session, subject, resource, since, until, limit, cursor }
    const answer = await api.call('evidence', { query })
    sayNext(context, answer.next)
    const list = table(
      answer.events,
      {
        time: ({ at }) => at,
        type: (entry) => entry.type,
        session: ({ sessionId }) => sessionId,
        what: describeEvent,
        gateway: ({ gatewayId, epoch, seq }) => `${gatewayId}/${epoch}/${seq}`,
      },
      context.bold,
    )
    return { value: answer, text: answer.events.length === 0 ? 'No event on record matches.' : list }
  },
})

export const evidenceWhoWrote = positionCommand('who-wrote', 'publish', 'wrote')
export const evidenceWhoRead = positionCommand('who-read', 'consume', 'read')

function positionCommand(name: string, action: Access['action'], verb: string): Command {
  return command({
    name: `evidence ${name}`,
    summary: `who ${verb} the record at one offset`,
    options: {
      topic: required(text('NAME', 'the topic')),
      partition: required(integer('P', 'its partition')),
      offset: required(integer('N', 'the offset')),
      'topic-id': text('ID', 'the topic of this id only, where the name was used again'),
    },
    no: `nobody ${verb} it, as far as the record goes, or you may not see who`,
    async run({ topic, partition, offset, 'topic-id': topicId }, context) {
      const api = context.api()
      const position = { protocol: 'kafka' as const, action, topic, topicId, partition, offset }
      const answer = await api.call('access', { query: position })
      const none = answer.accesses.length === 0
      const nobody = `Nobody ${verb} offset ${offset} of ${printable(topic)}-${partition}, as far as the record goes.`
      const lines = [none ? nobody : accessTable(answer.accesses, context.bold)]
      if (answer.more === true) lines.push('There are more on record than this answer holds: these are the oldest.')
      for (const { gatewayId, oldestUnshippedMs } of answer.pending) {
        lines.push(
          `Evidence of gateway ${printable(gatewayId)} is still on its way, up to ${roughDuration(oldestUnshippedMs)} old: ask again later.`,
        )
      }
      return { value: answer, text: lines.join('\n'), no: none }
    },
  })
}

function accessTable(accesses: readonly Access[], heading: (text: string) => string): string {
  return table(
    accesses,
    {
      time: ({ at }) => at,
      person: nameOf,
      'client id': ({ clientId }) => clientId,
      group: ({ group }) => group,
      session: ({ sessionId }) => sessionId,
      offsets: describeOffsets,
      address: ({ peer }) => peer,
      gateway: ({ gatewayId }) => gatewayId,
    },
    heading,
  )
}

/** A fetch gets whole batches: it may have brought records from before the offset that was asked for. */
function describeOffsets({ firstOffset, lastOffset, requestedOffset }: Access): string {
  const range = firstOffset === lastOffset ? `${firstOffset}` : `${firstOffset}-${lastOffset}`
  return requestedOffset === undefined ? range : `${range} (asked from ${requestedOffset})`
}

/** What an event is about in a few words; --json has all of it. */
function describeEvent({ type, event }: EvidenceEntry): string {
  const value = (name: string) =>
    typeof event[name] === 'string' || typeof event[name] === 'number' ? String(event[name]) : ''
  const join = (...parts: string[]) => parts.filter((part) => part !== '').join(' ')
  switch (type) {
    case 'session.start': {
      const { principal } = event as { principal?: { subject?: string } }
      return join(principal?.subject ?? '', value('mechanism'), 'from', value('peerAddress'))
    }
    case 'session.end':
      return value('reason')
    case 'kafka.publish':
    case 'kafka.consume':
      return join(
        `${value('topic')}-${value('partition')}`,
        `offsets ${value('firstOffset')}-${value('lastOffset')}`,
        value('group'),
      )
    case 'operation':
      return join(value('action'), value('resource'), value('outcome'))
    case 'decision.deny':
      return join(value('effect'), value('action'), value('resource'), `by ${value('ruleId')}`)
    case 'authentication.refused':
      return join(value('code'), 'from', value('peerAddress'))
    case 'evidence.look':
      return join(value('subject'), 'asked for', value('route'))
    default:
      return ''
  }
}
