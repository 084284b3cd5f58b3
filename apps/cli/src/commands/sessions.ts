import { protocols } from '@weir/contracts'
import type { SessionView } from '@weir/contracts'
import { command } from '../command.ts'
import type { Context } from '../command.ts'
import { choice, flag, text } from '../options.ts'
import { paging, sayNext } from '../paging.ts'
import { fields, table } from '../table.ts'
import { nameOf, roughSize } from '../wording.ts'

export const sessionsList = command({
  name: 'sessions list',
  summary: 'authenticated connections, newest first',
  options: {
    subject: text('SUBJECT', 'of this person or machine'),
    protocol: choice('PROTOCOL', protocols, 'of this protocol'),
    open: flag('only those that have not ended'),
    ...paging,
  },
  no: 'you may not see them',
  async run({ subject, protocol, open, limit, cursor }, context) {
    const query = { subject, protocol, open: open ? 'true' : undefined, limit, cursor }
    const answer = await context.api().call('sessions', { query })
    sayNext(context, answer.next)
    const list = table(
      answer.sessions,
      {
        started: ({ startedAt }) => startedAt,
        ended: ({ endedAt }) => endedAt,
        person: nameOf,
        session: ({ id }) => id,
        protocol: (session) => session.protocol,
        'client id': ({ clientId }) => clientId,
        address: ({ peer }) => peer,
        gateway: ({ gatewayId }) => gatewayId,
      },
      context.bold,
    )
    return { value: answer, text: answer.sessions.length === 0 ? 'No session on record matches.' : list }
  },
})

export const sessionsShow = command({
  name: 'sessions show',
  summary: 'one session: who, from where, and what it wrote and read in total',
  words: { id: 'the session, as evidence names it' },
  no: 'there is no such session on record, or you may not see it',
  async run(_, context, { id }) {
    const session = await context.api().call('session', { params: { id } })
    return { value: session, text: describeSession(session, context) }
  },
})

function describeSession(session: SessionView, { bold }: Context): string {
  const summary = fields({
    session: session.id,
    person: nameOf(session),
    issuer: session.person.issuer,
    groups: session.person.groups.join(', '),
    'proven by': `${session.mechanism}, ${session.credentialId}`,
    'client id': session.clientId,
    client: session.clientSoftware,
    address: session.peer,
    gateway: session.gatewayId,
    protocol: session.protocol,
    started: session.startedAt,
    ended: session.endedAt === undefined ? 'not yet' : session.endedAt,
    'ended by': session.endReason,
  })
  const { totals = [] } = session
  if (totals.length === 0) return summary
  const list = table(
    totals,
    {
      resource: ({ resource }) => resource,
      partition: ({ partition }) => partition,
      action: ({ action }) => action,
      positions: ({ firstPosition, lastPosition }) => `${firstPosition}-${lastPosition}`,
      records: ({ records }) => records,
      size: ({ bytes }) => roughSize(bytes),
      events: ({ events }) => events,
    },
    bold,
  )
  return `${summary}\n\n${list}`
}
