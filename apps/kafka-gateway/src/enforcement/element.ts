/**
 * The common walk of a request kind: decode, describe, decide, and then let the allowed part go on and merge the refused
 * part into the answer, in the protocol's own form.
 */
import type { Decision, Operation } from '@weir/contracts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  errorCode,
  errorName,
} from '@weir/kafka-protocol'
import type { Api, RequestInputOf, RequestOf, ResponseInputOf, ResponseOf } from '@weir/kafka-protocol'
import { isAllowed, recordDenials, sizeBytes } from './enforcement.ts'
import type { Answer, Call, Denial, Enforcement, Step } from './enforcement.ts'
import { faultCode } from './operations.ts'
import type { Described } from './operations.ts'
import type { VersionRange } from '../upstream/versions.ts'

/** Decisions of one request, in the order of its operations. */
export type Verdict = {
  readonly operations: readonly Operation[]
  readonly decisions: readonly Decision[]
  /** The refusal of operation `index`, if it was refused. */
  denial(index: number): Denial | undefined
}

/** One change that went upstream: the operation by its place, what the broker said, and the parameters that matter. */
export type Done = {
  readonly index: number
  readonly errorCode: number
  readonly attributes: Readonly<Record<string, string>>
}

export type ElementRules<A extends Api> = {
  readonly api: A
  readonly versions: VersionRange
  /** What must be looked up before `describe` can name everything (topic ids). */
  prepare?(request: RequestOf<A>, call: Call): Promise<void> | undefined
  /** What the request would do, element by element. An empty list means: nothing to decide. */
  describe(request: RequestOf<A>, call: Call): readonly Described[]
  /** The whole answer when nothing may go on; `partial` when the allowed rest does; `close` when the protocol has no answer. */
  refuse(request: RequestOf<A>, verdict: Verdict, call: Call): ResponseInputOf<A> | 'partial' | 'close'
  /** Called when at least a part of the request goes on. */
  admitted?(request: RequestOf<A>, call: Call): void
  /** The request as it may go on; the same object means: the bytes as they came. */
  rewriteRequest?(request: RequestOf<A>, verdict: Verdict, call: Call): RequestInputOf<A>
  /** The answer as the client may see it; the same object means: the bytes as they came. Absent: answers are not even decoded. */
  rewriteResponse?(
    request: RequestOf<A>,
    response: ResponseOf<A>,
    verdict: Verdict,
    call: Call,
  ): ResponseInputOf<A> | Promise<ResponseInputOf<A>>
  /** What was changed, for the record: written before the answer leaves. */
  done?(request: RequestOf<A>, response: ResponseOf<A>, verdict: Verdict, call: Call): readonly Done[]
  /** True when only answers to partly refused requests need a rewrite. */
  readonly rewriteOnlyPartial?: boolean
}

export function enforceElements<A extends Api>(rules: ElementRules<A>): Enforcement {
  return {
    api: rules.api,
    versions: rules.versions,
    handle(call) {
      const request = decodeRequest(rules.api, call.version, call.frame.bytes, call.header.bodyOffset)
      const preparing = rules.prepare?.(request, call)
      return preparing === undefined ? judge(rules, request, call) : preparing.then(() => judge(rules, request, call))
    },
  }
}

function judge<A extends Api>(rules: ElementRules<A>, request: RequestOf<A>, call: Call): Step | Promise<Step> {
  const operations = rules.describe(request, call)
  const verdict = decideAll(call, operations)
  const denials = operations.flatMap((_, index) => verdict.denial(index) ?? [])
  if (denials.length === 0) return forward(rules, request, verdict, call, false)
  return recordDenials(
    call,
    denials.filter((denial) => faultCode(denial.decision) === undefined),
  ).then(() => {
    const refused = rules.refuse(request, verdict, call)
    if (refused === 'close') return { kind: 'close', reason: 'refused' }
    if (refused === 'partial') return forward(rules, request, verdict, call, true)
    return { kind: 'answer', bytes: [encodeResponse(rules.api, call.version, call.header.correlationId, refused)] }
  })
}

export function decideAll(call: Call, operations: readonly Described[]): Verdict {
  const decisions = operations.map(
    (operation) => operation.fixed ?? call.services.guard.decide(call.session, operation),
  )
  return {
    operations,
    decisions,
    denial(index) {
      const operation = operations[index]
      const decision = decisions[index]
      return operation === undefined || decision === undefined || isAllowed(decision)
        ? undefined
        : { operation, decision }
    },
  }
}

function forward<A extends Api>(
  rules: ElementRules<A>,
  request: RequestOf<A>,
  verdict: Verdict,
  call: Call,
  partial: boolean,
): Step {
  rules.admitted?.(request, call)
  const rewritten: RequestInputOf<A> = rules.rewriteRequest?.(request, verdict, call) ?? request
  const requests =
    rewritten === request ? undefined : [[encodeRequest(rules.api, call.version, call.header, rewritten)] as const]
  const rewrite = rules.rewriteResponse
  const step = requests === undefined ? { kind: 'forward' as const } : { kind: 'forward' as const, requests }
  if (rewrite === undefined || (rules.rewriteOnlyPartial === true && !partial)) return step
  return {
    ...step,
    ...(rules.done === undefined ? {} : { outlivesClient: true }),
    answer: async ([frame]): Promise<Answer> => {
      const response = decodeResponse(rules.api, call.version, frame as Buffer, sizeBytes).body
      await recordDone(call, verdict, rules.done?.(request, response, verdict, call) ?? [])
      const seen = await rewrite(request, response, verdict, call)
      if (seen === response) return { kind: 'as-is' }
      return { kind: 'replace', bytes: [encodeResponse(rules.api, call.version, call.header.correlationId, seen)] }
    },
  }
}

async function recordDone(call: Call, verdict: Verdict, changes: readonly Done[]): Promise<void> {
  let last
  for (const { index, errorCode: code, attributes } of changes) {
    const operation = verdict.operations[index]
    const decision = verdict.decisions[index]
    if (operation === undefined || decision === undefined) continue
    last = call.services.guard.record(call.session, {
      type: 'operation',
      sessionId: call.session.id,
      action: operation.action,
      resource: operation.resource,
      ruleId: decision.ruleId,
      policyRevision: decision.policyRevision,
      outcome: code === errorCode.NONE ? 'ok' : (errorName(code) ?? String(code)),
      attributes,
    })
  }
  await last?.written
}
