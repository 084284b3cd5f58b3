import type { EvidenceEntry } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { decodeSegment } from '@weir/recording'
import type { SQL } from 'drizzle-orm'
import { inArray, sql } from 'drizzle-orm'
import { z } from 'zod'
import { storable } from '../ingest/projection.ts'
import { createLookup } from './accesses.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { Queries } from './database.ts'
import { rowsOf } from './database.ts'
import { auditSegment, look } from './schema.ts'
import { appendSegment } from './segments.ts'
import type { EvidenceQuery, EvidenceStore } from './store.ts'
import type { ListKey, ListedRow } from './list-window.ts'
import { compareKeys, ofSubject } from './list-window.ts'
import { rebuildIndex } from './rebuild.ts'
import { listAccesses } from './run-list.ts'

/** The evidence of the control plane itself stands in no segment. */
const lookSegment = 0
const lookPlace = { gatewayId: 'control-plane', epoch: 'looks' } as const

type Row = {
  at_ms: string | number
  segment_id: string | number
  seq: string | number
  type: string
  session_id: string | null
  event: Record<string, unknown>
}

export function createEvidenceStore(queries: Queries): EvidenceStore {
  return {
    append: (segment, index, atMs) => appendSegment(queries, segment, index, atMs),
    access: createLookup(queries),
    rebuildIndex: () => rebuildIndex(queries),
    list: (query) => listEvidence(queries, query),
    async recordLook({ atMs, principal, peer, route, query }) {
      const { issuer, subject, credentialId } = principal
      const actors = principal.actors.map((actor) => ({ issuer: actor.issuer, subject: actor.subject }))
      const asked = storable(query) as Record<string, unknown>
      await queries.insert(look).values({ atMs, issuer, subject, actors, credentialId, peer, route, query: asked })
    },
  }
}

/** Newest first over three tables; each gives its newest, the newest of those are the page. */
async function listEvidence(queries: Queries, query: EvidenceQuery) {
  const { limit } = query
  const before = decodeCursor(query.cursor, z.tuple([z.int(), z.int(), z.int()]))
  const [others, accesses] = [
    await listOthers(queries, query, before, limit + 1),
    await listAccesses(queries, query, before, limit + 1),
  ]
  const rows = [...others, ...accesses].toSorted((a, b) => compareKeys(b.key, a.key))
  const listed = rows.slice(0, limit)
  return {
    items: await entriesOf(queries, listed),
    next: rows.length > limit ? encodeCursor(listed.at(-1)!.key) : undefined,
  }
}

async function listOthers(
  queries: Queries,
  query: EvidenceQuery,
  before: ListKey | undefined,
  limit: number,
): Promise<ListedRow[]> {
  const branches = [eventBranch(query), lookBranch(query)].filter((branch) => branch !== undefined)
  if (branches.length === 0) return []
  const page = branches.map(
    ({ from, where, columns }) => sql`
    (select ${columns} from ${from} where ${sql.join([...where, ...window(query, before)], sql` and `)}
     order by at_ms desc, segment_id desc, seq desc limit ${limit})`,
  )
  const rows = await rowsOf<Row>(
    queries,
    sql`select * from (${sql.join(page, sql` union all `)}) as page
        order by at_ms desc, segment_id desc, seq desc limit ${limit}`,
  )
  return rows.map(({ at_ms, segment_id, seq, type, session_id: sessionId, event }) => ({
    key: [Number(at_ms), Number(segment_id), Number(seq)],
    type,
    sessionId,
    event,
  }))
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

function window({ sinceMs, untilMs }: EvidenceQuery, before: ListKey | undefined): SQL[] {
  return [
    ...(sinceMs === undefined ? [] : [sql`at_ms >= ${sinceMs}`]),
    ...(untilMs === undefined ? [] : [sql`at_ms < ${untilMs}`]),
    ...(before === undefined
      ? []
      : [sql`(at_ms, segment_id, seq) < (${before[0]}::bigint, ${before[1]}::bigint, ${before[2]}::bigint)`]),
  ]
}

/** Accesses are shown as their segment has them: the index narrows, the segment proves. */
async function entriesOf(queries: Queries, rows: readonly ListedRow[]): Promise<EvidenceEntry[]> {
  const ids = new Set(rows.map(({ key }) => key[1]))
  const withBody = new Set(rows.filter((row) => row.event === undefined).map(({ key }) => key[1]))
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
  return rows.map(({ key: [atMs, segmentId, seq], ...row }) => {
    const place = segmentId === lookSegment ? lookPlace : places.get(segmentId)
    const event = row.event ?? events.get(`${segmentId} ${seq}`)
    if (place === undefined || event === undefined) {
      throw new WeirError('WEIR_INTERNAL', `The index names event ${seq} of segment ${segmentId}, which is not there.`)
    }
    return {
      gatewayId: place.gatewayId,
      epoch: place.epoch,
      seq,
      at: new Date(atMs).toISOString(),
      type: row.type,
      ...(row.sessionId === null ? {} : { sessionId: row.sessionId }),
      event,
    }
  })
}
