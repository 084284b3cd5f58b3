import type { ErrorBody } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Logger, WeirErrorCode } from '@weir/kernel'
import type { ZodError } from 'zod'
import { PolicyRejected } from '../policy/policy-text.ts'
import { faultOf } from '../store/faults.ts'

const statuses: Partial<Record<WeirErrorCode, number>> = {
  WEIR_INVALID_REQUEST: 400,
  WEIR_UNAUTHENTICATED: 401,
  WEIR_FORBIDDEN: 403,
  WEIR_NOT_FOUND: 404,
  WEIR_POLICY_CONFLICT: 409,
  WEIR_GATEWAY_KEY_CONFLICT: 409,
  WEIR_LIMIT_EXCEEDED: 413,
  WEIR_UNSUPPORTED: 422,
  WEIR_POLICY_INVALID: 422,
  WEIR_SEGMENT_INVALID: 422,
  WEIR_SEGMENT_SIGNATURE: 422,
  WEIR_STORE_UNAVAILABLE: 503,
  WEIR_ISSUER_UNAVAILABLE: 503,
}

export type ErrorAnswer = { readonly status: number; readonly body: ErrorBody }

/** What a caller is told. A fault of ours is logged with its cause, and told by its request id alone. */
export function answerError(error: unknown, context: { requestId: string; logger: Logger }): ErrorAnswer {
  if (error instanceof WeirError) {
    const details = error instanceof PolicyRejected ? error.details : undefined
    const status = statuses[error.code]
    if (status !== undefined) return answer(status, error.code, error.message, details)
  }
  const fault = faultOf(error)
  if (fault.kind === 'unavailable') {
    context.logger.error({ reason: fault.summary, requestId: context.requestId }, 'database unavailable')
    return answer(503, 'WEIR_STORE_UNAVAILABLE', 'The database does not answer now; try again later.')
  }
  if (fault.kind === 'unstorable') {
    return answer(400, 'WEIR_INVALID_REQUEST', 'A value of the request is outside of what can be stored.')
  }
  const refused = refusedByServer(error)
  if (refused !== undefined) return refused
  context.logger.error({ reason: fault.summary, stack: fault.stack, requestId: context.requestId }, 'request failed')
  const message = `A fault in Weir itself; the log of the control plane has it under request ${context.requestId}.`
  return answer(500, 'WEIR_INTERNAL', message)
}

/** A problem per field: `query.limit: …`. Values are not repeated. */
export function describeInvalid(error: ZodError, part: string): WeirError {
  const problems = error.issues.map((issue) => `${[part, ...issue.path].join('.')}: ${issue.message}`)
  return new WeirError('WEIR_INVALID_REQUEST', problems.join('; '))
}

/** What fastify refuses before a handler runs: too large, no JSON, another content type. */
function refusedByServer(error: unknown): ErrorAnswer | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || !('code' in error)) return undefined
  const status = Number(error.statusCode)
  if (!(status >= 400 && status < 500) || !String(error.code).startsWith('FST_')) return undefined
  return answer(status, status === 413 ? 'WEIR_LIMIT_EXCEEDED' : 'WEIR_INVALID_REQUEST', `${error.message}.`)
}

function answer(
  status: number,
  code: WeirErrorCode,
  message: string,
  details?: ErrorBody['error']['details'],
): ErrorAnswer {
  return { status, body: { error: { code, message, ...(details === undefined ? {} : { details }) } } }
}
