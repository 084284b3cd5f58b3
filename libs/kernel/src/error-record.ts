/** More causes than this say nothing new. */
const mostCauses = 5
/** `ECONNREFUSED`, `WEIR_KEY_UNKNOWN`: a code, and not a text that somebody put in its place. */
const codeForm = /^[A-Z][A-Z0-9_]{1,60}$/

type Named = { readonly type: string; readonly code?: string }
export type ErrorRecord = Named & {
  readonly message?: string
  readonly stack?: string | undefined
  /** Innermost last. */
  readonly causes?: readonly Named[]
}

/**
 * What a log line tells of an error: type, code, message and stack; of its causes the type and the code alone. Anything else
 * may hold what must not be logged: libraries put claims, rows and responses on their errors, and `JSON.parse` quotes its
 * input in the message that ends up as somebody's cause.
 */
export function recordOf(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { type: typeof error }
  const causes: Named[] = []
  let cause = error.cause
  while (cause instanceof Error && causes.length < mostCauses) {
    causes.push(named(cause))
    cause = cause.cause
  }
  const record = { ...named(error), message: error.message, stack: error.stack }
  return causes.length === 0 ? record : { ...record, causes }
}

function named(error: Error): Named {
  const { code } = error as { code?: unknown }
  const type = error.constructor.name
  return typeof code === 'string' && codeForm.test(code) ? { type, code } : { type }
}
