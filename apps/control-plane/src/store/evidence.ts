import type { EvidenceEntry } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { decodeSegment } from '@weir/recording'
import type { SQL } from 'drizzle-orm'
import { inArray, sql } from 'drizzle-orm'
import { z } from 'zod'
import { storable } from '../ingest/projection.ts'
import { findAccesses } from './accesses.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { Queries } from './database.ts'
import { rowsOf } from './database.ts'
import { auditSegment, look } from './schema.ts'
import { appendSegment } from './segments.ts'
import type { EvidenceQuery, EvidenceStore } from './store.ts'

/** The evidence of the control plane itself stands in no segment. */
const lookSegment = 0
const lookPlace = { gatewayId: 'control-plane', epoch: 'looks' } as const

type Row = {
  at_ms: string | number
  segment_id: string | number
  seq: string | number
  type: string
  session_id: string | null
  event: Record<string, unknown> | null
}

export function createEvidenceStore(queries: Queries): EvidenceStore {
  return {
    append: (segment, index, atMs) => appendSegment(queries, segment, index, atMs),
    access: (query) => findAccesses(queries, query),
    list: (query) => listEvidence(queries, query),
    async recordLook({ atMs, principal, peer, route, query }) {
      const { issuer, subject, credentialId } = principal
      const actors = principal.actors.map((actor) => ({ issuer: actor.issuer, subject: actor.subject }))
      const asked = storable(query) as Record<string, unknown>
      await queries.insert(look).values({ atMs, issuer, subject, actors, credentialId, peer, route, query: asked })
    },
  }
}

/** Newest first over three tables; each gives its newest `limit`, the newest of those are the page. */
async function listEvidence(queries: Queries, query: EvidenceQuery) {
  const { limit } = query
  const before = decodeCursor(query.cursor, z.tuple([z.int(), z.int(), z.int()]))
  const branches = [eventBranch(query), runBranch(query), lookBranch(query)].filter((branch) => branch !== undefined)
  if (branches.length === 0) return { items: [], next: undefined }
  const page = branches.map(
    ({ from, where, columns }) => sql`
    (select ${columns} from ${from} where ${sql.join([...where, ...window(query, before)], sql` and `)}
     order by at_ms desc, segment_id desc, seq desc limit ${limit + 1})`,
  )
  const rows = await rowsOf<Row>(
    queries,
    sql`select * from (${sql.join(page, sql` union all `)}) as page
        order by at_ms desc, segment_id desc, seq desc limit ${limit + 1}`,
  )
  const listed = rows.slice(0, limit)
  const last = rows.length > limit ? listed.at(-1)! : undefined
  return {
    items: await entriesOf(queries, listed),
    next: last && encodeCursor([Number(last.at_ms), Number(last.segment_id), Number(last.seq)]),
  }
}

type Branch = { readonly columns: SQL; readonly from: SQL; readonly where: readonly SQL[] }

function eventBranch({ type, sessionId, subject, resource }: EvidenceQuery): Branch | undefined {
  if (type === 'evidence.look' || type?.startsWith('kafka.') === true) return undefined
  return {
    columns: sql`at_ms, segment_id, seq, type, session_id, event`,
    from: sql`evidence_event`,
    where: [
      sql`true`,
      ...(type === undefined ? [] : [sql`type = ${type}`]),
      ...(sessionId === undefined ? [] : [sql`session_id = ${sessionId}`]),
      ...(resource === undefined ? [] : [sql`resource = ${resource}`]),
      ...ofSubject(subject, sql`evidence_event`),
    ],
  }
}

function runBranch({ type, sessionId, subject, resource }: EvidenceQuery): Branch | undefined {
  const action = type === 'kafka.publish' ? 0 : type === 'kafka.consume' ? 1 : undefined
  if (type !== undefined && action === undefined) return undefined
  const topic = resource === undefined ? undefined : /^kafka:topic:(.*)$/s.exec(resource)?.[1]
  if (resource !== undefined && topic === undefined) return undefined
  return {
    columns: sql`at_ms, segment_id, seq, case action when 0 then 'kafka.publish' else 'kafka.consume' end as type,
      session_id, null::jsonb as event`,
    from: sql`access_run_kafka`,
    where: [
      sql`piece = 0`,
      ...(action === undefined ? [] : [sql`action = ${action}`]),
      ...(sessionId === undefined ? [] : [sql`session_id = ${sessionId}`]),
      ...(topic === undefined ? [] : [sql`topic = ${topic}`]),
      ...ofSubject(subject, sql`access_run_kafka`),
    ],
  }
}

function lookBranch({ type, sessionId, subject, resource }: EvidenceQuery): Branch | undefined {
  if ((type !== undefined && type !== 'evidence.look') || sessionId !== undefined || resource !== undefined) {
    return undefined
  }
  return {
    columns: sql`at_ms, segment_id, seq, type, session_id, event`,
    from: sql`(
      select at_ms, ${sql.raw(String(lookSegment))}::bigint as segment_id, id as seq, 'evidence.look' as type,
        null as session_id, subject, jsonb_build_object(
          'type', 'evidence.look', 'issuer', issuer, 'subject', subject, 'actors', actors,
          'credentialId', credential_id, 'peer', peer, 'route', route, 'query', query) as event
      from look) as looks`,
    where: [sql`true`, ...(subject === undefined ? [] : [sql`subject = ${subject}`])],
  }
}

/** A session id counts only with the gateway that said it: another may not put words into a stranger's session. */
function ofSubject(subject: string | undefined, table: SQL): SQL[] {
  if (subject === undefined) return []
  return [
    sql`exists (
      select 1 from audit_segment segment
      join session on session.id = ${table}.session_id and session.gateway_id = segment.gateway_id
      join principal on principal.id = session.principal_id
      where segment.id = ${table}.segment_id and principal.subject = ${subject})`,
  ]
}

function window({ sinceMs, untilMs }: EvidenceQuery, before: readonly number[] | undefined): SQL[] {
  return [
    ...(sinceMs === undefined ? [] : [sql`at_ms >= ${sinceMs}`]),
    ...(untilMs === undefined ? [] : [sql`at_ms < ${untilMs}`]),
    ...(before === undefined
      ? []
      : [sql`(at_ms, segment_id, seq) < (${before[0]}::bigint, ${before[1]}::bigint, ${before[2]}::bigint)`]),
  ]
}

/** Accesses are shown as their segment has them: the index narrows, the segment proves. */
async function entriesOf(queries: Queries, rows: readonly Row[]): Promise<EvidenceEntry[]> {
  const ids = new Set(rows.map((row) => Number(row.segment_id)))
  const withBody = new Set(rows.filter((row) => row.event === null).map((row) => Number(row.segment_id)))
  const segments = await queries
    .select({ id: auditSegment.id, gatewayId: auditSegment.gatewayId, epoch: auditSegment.epoch })
    .from(auditSegment)
    .where(inArray(auditSegment.id, [...ids]))
  const places = new Map(segments.map((segment) => [segment.id, segment]))
  const events = new Map<string, Record<string, unknown>>()
  for (const id of withBody) {
    const [segment] = await queries
      .select({ body: auditSegment.body })
      .from(auditSegment)
      .where(sql`id = ${id}`)
    for (const { seq, event } of decodeSegment(segment!.body).events) events.set(`${id} ${seq}`, { ...event })
  }
  return rows.map((row) => {
    const [segmentId, seq] = [Number(row.segment_id), Number(row.seq)]
    const place = segmentId === lookSegment ? lookPlace : places.get(segmentId)
    const event = row.event ?? events.get(`${segmentId} ${seq}`)
    if (place === undefined || event === undefined) {
      throw new WeirError('WEIR_INTERNAL', `The index names event ${seq} of segment ${segmentId}, which is not there.`)
    }
    return {
      gatewayId: place.gatewayId,
      epoch: place.epoch,
      seq,
      at: new Date(Number(row.at_ms)).toISOString(),
      type: row.type,
      ...(row.session_id === null ? {} : { sessionId: row.session_id }),
      event,
    }
  })
}
