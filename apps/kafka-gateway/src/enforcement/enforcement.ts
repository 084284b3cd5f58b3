/**
 * How one kind of request is described as operations, refused and rewritten. One file per kind beside this one; the table
 * in index.ts is all that is served: what is not in it is not advertised and not passed on.
 */
import type { Decision, Operation } from '@weir/contracts'
import type { Guard, Session } from '@weir/guard'
import { errorCode } from '@weir/kafka-protocol'
import type { Api, Frame, RequestHeader } from '@weir/kafka-protocol'
import type { Clock } from '@weir/kernel'
import type { Limits } from '../config.ts'
import type { AddressMap } from '../listener/addresses.ts'
import type { GroupSightings } from '../session/group-sightings.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { VersionRange } from '../upstream/versions.ts'
import type { FetchSessions } from './fetch-session.ts'

/** What every enforcement can reach. */
export type Services = {
  readonly guard: Guard
  readonly cluster: Cluster
  readonly addresses: AddressMap
  readonly groups: GroupSightings
  readonly clock: Clock
  readonly limits: Limits
}

/** One request in hand. */
export type Call = {
  readonly services: Services
  readonly session: Session
  readonly header: RequestHeader
  /** The whole frame, its size in the first four bytes; `header.bodyOffset` counts from its start. */
  readonly frame: Frame
  readonly version: number
  readonly fetchSessions: FetchSessions
}

/** What stands before every message: its size (int32). */
export const sizeBytes = 4

/** A frame to send: header and body as buffers, size included. */
export type Bytes = readonly Buffer[]

/** What becomes of an answer from upstream. */
export type Answer =
  | { readonly kind: 'as-is' }
  | { readonly kind: 'replace'; readonly bytes: Bytes }
  | { readonly kind: 'none' }
  | { readonly kind: 'close'; readonly reason: string }

/**
 * What becomes of a request.
 * `forward` without `requests` sends the bytes as they came; with several, their answers are given to `answer` together.
 * `answer` gets whole frames, sizes included; absent: the answer passes as it came.
 */
export type Step =
  | {
      readonly kind: 'forward'
      readonly requests?: readonly Bytes[]
      /** The broker does it whether the client waits or not: the answer is put on record even when the client has gone. */
      readonly outlivesClient?: boolean
      readonly answer?: (frames: readonly Buffer[]) => Answer | Promise<Answer>
    }
  | { readonly kind: 'answer'; readonly bytes: Bytes }
  | { readonly kind: 'close'; readonly reason: string }

/** Serves one API key in a range of versions. */
export type Enforcement = {
  readonly api: Api
  /** The versions that this code understands; the table of messages may know more. */
  readonly versions: VersionRange
  handle(call: Call): Step | Promise<Step>
}

export type Denial = { readonly operation: Operation; readonly decision: Decision }

/** Only a plain allow passes; a hold is a refusal with the rule's reason until approvals can be asked for. */
export function isAllowed(decision: Decision): boolean {
  return decision.effect === 'allow'
}

/** Puts refusals on record; resolves when they are written. */
export async function recordDenials(call: Call, denials: readonly Denial[]): Promise<void> {
  let last
  for (const { operation, decision } of denials)
    last = call.services.guard.recordRefusal(call.session, operation, decision)
  await last?.written
}

/** The text for fields that can carry one: what was refused and by which rule. */
export function refusalText({ operation, decision }: Denial): string {
  const reason = decision.reason ?? `${operation.action} on ${operation.resource} is refused by ${decision.ruleId}`
  return decision.effect === 'hold' ? `${reason} Approvals cannot be asked for here yet.` : reason
}

/**
 * The refusal of an administrative element, where the answer has a text. A hold is POLICY_VIOLATION, which every admin client shows
 * with its text and does not retry by itself.
 */
export function adminRefusal(
  denial: Denial | undefined,
  deniedCode: number,
): { errorCode: number; errorMessage: string | null } {
  if (denial === undefined) return { errorCode: deniedCode, errorMessage: null }
  const code = denial.decision.effect === 'hold' ? errorCode.POLICY_VIOLATION : deniedCode
  return { errorCode: code, errorMessage: refusalText(denial) }
}
