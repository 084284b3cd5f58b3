import type { Key } from '@weir/contracts'
import { command } from '../command.ts'
import { duration, nonEmpty, repeated, text } from '../options.ts'
import { fields, table } from '../table.ts'

const defaultLifetimeMs = 90 * 86_400_000

export const keysCreate = command({
  name: 'keys create',
  summary: 'a Weir key: a password for clients that only know a user name and a password',
  details: 'Without --subject the key is your own. The secret is shown once: it is the password, and is kept nowhere.',
  options: {
    description: text('TEXT', 'what it is for'),
    'expires-in': duration('TIME', 'how long it is good for: 12h, 30d; default: 90d'),
    subject: text('SUBJECT', 'for this person or machine; needs the right `keys`'),
    issuer: text('URL', 'the issuer of --subject; default: yours'),
    'display-name': text('NAME', 'their name, for people’s eyes'),
    group: repeated('GROUP', 'a group that the key carries', nonEmpty),
  },
  no: 'you may not create such a key',
  async run(options, context) {
    const body = {
      subject: options.subject,
      issuer: options.issuer,
      displayName: options['display-name'],
      groups: options.group.length === 0 ? undefined : [...options.group],
      description: options.description,
      expiresInMs: options['expires-in'] ?? defaultLifetimeMs,
    }
    const key = await context.api().call('createKey', { body })
    if (!context.json) context.say('Keep the password now: it is not shown again.')
    return { value: key, text: fields({ 'user name': key.id, password: key.secret, ...describeKey(key) }) }
  },
})

export const keysList = command({
  name: 'keys list',
  summary: 'your Weir keys; with the right `keys`, everybody’s',
  async run(_, context) {
    const answer = await context.api().call('keys')
    const list = table(
      answer.keys,
      {
        id: ({ id }) => id,
        subject: ({ subject }) => subject,
        groups: ({ groups }) => groups.join(', '),
        created: ({ createdAt }) => createdAt,
        'created by': ({ createdBy }) => createdBy,
        expires: ({ expiresAt }) => expiresAt,
        revoked: ({ revokedAt }) => revokedAt,
        description: ({ description }) => description,
      },
      context.bold,
    )
    return { value: answer, text: answer.keys.length === 0 ? 'There is no key.' : list }
  },
})

export const keysRevoke = command({
  name: 'keys revoke',
  summary: 'revoke a Weir key; sessions that it proved end',
  words: { id: 'the key, as keys list names it' },
  no: 'there is no such key, or you may not',
  async run(_, context, { id }) {
    const key = await context.api().call('revokeKey', { params: { id } })
    return { value: key, text: `Revoked:\n${fields({ key: key.id, ...describeKey(key), revoked: key.revokedAt })}` }
  },
})

function describeKey({ subject, issuer, groups, expiresAt, description }: Key) {
  return { subject, issuer, groups: groups.join(', '), expires: expiresAt, description }
}
