/** What went wrong in or on the way to the database, without the values that were in the query. */
export type Fault = {
  readonly kind: 'unavailable' | 'unstorable' | 'other'
  readonly summary: string
  readonly stack: string | undefined
}

const network = /^(?:ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/
/** Connection exceptions, no resources, operator intervention, serialization and deadlocks (PostgreSQL, Appendix A). */
const unavailable = /^(?:08|53|57P|40001|40P01|55P03)/
/** Data exceptions: a NUL in a text, a number out of range. */
const unstorable = /^22/

/**
 * Reads the cause of a failed query. The message that drizzle makes of it holds the parameters, which may be secret, so it
 * is never taken over.
 */
export function faultOf(error: unknown): Fault {
  let cause = error
  while (cause instanceof Error && cause.message.startsWith('Failed query:')) cause = cause.cause
  if (!(cause instanceof Error)) return { kind: 'other', summary: String(cause), stack: undefined }
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  const summary = code === '' ? cause.message : `${code}: ${cause.message}`
  const lost =
    network.test(code) || unavailable.test(code) || /^(?:Connection terminated|timeout e)/i.test(cause.message)
  return {
    kind: lost ? 'unavailable' : unstorable.test(code) ? 'unstorable' : 'other',
    summary,
    stack: cause.stack,
  }
}

/** The database will never take these values, however often they come. */
export function isUnstorable(error: unknown): boolean {
  return faultOf(error).kind === 'unstorable'
}
