import type { Actor, SessionStarted } from '@weir/contracts'
import { sql } from 'drizzle-orm'
import type { SegmentIndex } from '../ingest/projection.ts'
import { storable, storableText } from '../ingest/projection.ts'
import type { Queries } from './database.ts'
import { columnOf } from './database.ts'

type Started = SegmentIndex['sessions']
type Ended = SegmentIndex['sessionsEnded']

/** Sessions and the principals they name. A session that is known keeps what was said of it first. */
export async function startSessions(transaction: Queries, gatewayId: string, started: Started): Promise<void> {
  if (started.length === 0) return
  const text = (pick: (event: SessionStarted) => string | undefined) =>
    columnOf(
      'text',
      started.map(({ event }) => nullable(pick(event))),
    )
  const issuers = text((event) => event.principal.issuer)
  const subjects = text((event) => event.principal.subject)
  // In one order everywhere: two transactions that add the same principals must not wait for each other in a circle.
  await transaction.execute(sql`
    insert into principal (issuer, subject)
    select issuer, subject from unnest(${issuers}, ${subjects}) as row (issuer, subject)
    group by issuer, subject
    order by issuer, subject
    on conflict do nothing`)
  await transaction.execute(sql`
    insert into session (
      id, gateway_id, protocol, principal_id, display_name, groups, actors, client_id, client_software, mechanism,
      credential_id, peer, started_at_ms
    )
    select
      row.id, ${gatewayId}, protocol, principal.id, display_name, groups::jsonb, actors::jsonb, client_id,
      client_software, mechanism, credential_id, peer, started_at_ms
    from unnest(
      ${text((event) => event.sessionId)},
      ${text((event) => event.protocol)},
      ${issuers},
      ${subjects},
      ${text((event) => event.principal.displayName)},
      ${columnOf(
        'text',
        started.map(({ event }) => JSON.stringify(storable(event.principal.groups))),
      )},
      ${columnOf(
        'text',
        started.map(({ event }) => JSON.stringify(storable(event.principal.actors.map(actorOf)))),
      )},
      ${text((event) => event.clientId ?? event.principal.clientId)},
      ${text((event) => event.clientSoftware)},
      ${text((event) => event.mechanism)},
      ${text((event) => event.principal.credentialId)},
      ${text((event) => peerText(event.peerAddress, event.peerPort))},
      ${columnOf(
        'bigint',
        started.map(({ atMs }) => atMs),
      )}
    ) as row (
      id, protocol, issuer, subject, display_name, groups, actors, client_id, client_software, mechanism,
      credential_id, peer, started_at_ms
    )
    join principal on principal.issuer = row.issuer and principal.subject = row.subject
    on conflict (id, gateway_id) do update set
      protocol = excluded.protocol, principal_id = excluded.principal_id, display_name = excluded.display_name,
      groups = excluded.groups, actors = excluded.actors, client_id = excluded.client_id,
      client_software = excluded.client_software, mechanism = excluded.mechanism,
      credential_id = excluded.credential_id, peer = excluded.peer, started_at_ms = excluded.started_at_ms
    where session.started_at_ms is null`)
}

export async function endSessions(transaction: Queries, gatewayId: string, ended: Ended): Promise<void> {
  if (ended.length === 0) return
  await transaction.execute(sql`
    insert into session (id, gateway_id, ended_at_ms, end_reason, totals)
    select id, ${gatewayId}, ended_at_ms, end_reason, totals::jsonb
    from unnest(
      ${columnOf(
        'text',
        ended.map(({ event }) => event.sessionId),
      )},
      ${columnOf(
        'bigint',
        ended.map(({ atMs }) => atMs),
      )},
      ${columnOf(
        'text',
        ended.map(({ event }) => storableText(event.reason)),
      )},
      ${columnOf(
        'text',
        ended.map(({ event }) => JSON.stringify(storable(event.totals))),
      )}
    ) as row (id, ended_at_ms, end_reason, totals)
    on conflict (id, gateway_id) do update set
      ended_at_ms = excluded.ended_at_ms, end_reason = excluded.end_reason, totals = excluded.totals
    where session.ended_at_ms is null`)
}

/** Without the groups: those of the session's person are kept, an actor is who it is. */
function actorOf({ issuer, subject }: Actor): { issuer: string; subject: string } {
  return { issuer, subject }
}

/** `10.0.0.7:50123`, `[::1]:50123`. */
export function peerText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function nullable(text: string | undefined): string | null {
  return text === undefined ? null : storableText(text)
}
