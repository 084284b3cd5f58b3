import type { ErrorBody } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { WeirErrorCode } from '@weir/kernel'

/** 0 done, 1 the answer is no, 2 wrong usage, 3 the question could not be put: nothing answers, or there is no valid login. */
export type ExitCode = 0 | 1 | 2 | 3

/** The command line cannot be understood, or a value in it cannot be used. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** Faults after which nobody knows the answer. A script must not take them for a no. */
const unanswered: ReadonlySet<string> = new Set<WeirErrorCode>([
  'WEIR_CONTROL_PLANE_UNREACHABLE',
  'WEIR_ISSUER_UNAVAILABLE',
  'WEIR_STORE_UNAVAILABLE',
  'WEIR_UNAUTHENTICATED',
  'WEIR_CONFIG_INVALID',
  'WEIR_INTERNAL',
])

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return 2
  if (!(error instanceof WeirError)) return 3
  if (error.code === 'WEIR_INVALID_REQUEST') return 2
  return unanswered.has(error.code) ? 3 : 1
}

/** The error as the HTTP API would send it. A fault that nobody foresaw keeps its stack: it is to be reported. */
export function errorBodyOf(error: unknown): ErrorBody {
  if (error instanceof UsageError) return { error: { code: 'WEIR_INVALID_REQUEST', message: error.message } }
  if (!(error instanceof WeirError)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { error: { code: 'WEIR_INTERNAL', message } }
  }
  const { details } = error as { details?: ErrorBody['error']['details'] }
  return { error: { code: error.code, message: error.message, ...(details === undefined ? {} : { details }) } }
}
