import type { Action, Durability, RecordLevel } from '@weir/contracts'
import type { ResourcePattern } from './resource-pattern.ts'

/** A policy file as values. Everything in it was checked; durations are milliseconds. */
export type Policy = {
  readonly rules: readonly Rule[]
  /** What a rule records that says nothing of it. */
  readonly defaults: { readonly record: RecordLevel; readonly durability: Durability }
  readonly maskProfiles: readonly string[]
}

/** What a rule says of what it matches. */
export type Effect = 'allow' | 'deny' | 'require_approval'

/** One rule of the file, with its defaults filled in. */
export type Rule = {
  readonly id: string
  /** For people: it is part of the reason that a refused client gets. */
  readonly description: string | undefined
  /** Place in the file: rules are otherwise without order. */
  readonly index: number
  /** From 1. */
  readonly line: number
  readonly subjects: readonly SubjectEntry[]
  readonly exceptSubjects: readonly SubjectEntry[]
  readonly actions: ReadonlySet<Action>
  readonly resources: readonly ResourcePattern[]
  /** All of them must be attributes of the operation, with exactly these values. */
  readonly attributes: readonly (readonly [name: string, value: string])[]
  readonly effect: Effect
  /** Present exactly when the effect is `require_approval`. */
  readonly approval: Approval | undefined
  readonly mask: readonly string[]
  readonly record: RecordLevel | undefined
  readonly durability: Durability | undefined
}

/** Every key that is there must hold (see {@link matchesEntry}). */
export type SubjectEntry = {
  readonly anyone?: true | undefined
  readonly group?: string | undefined
  readonly subject?: string | undefined
  readonly client_id?: string | undefined
  readonly actor?: string | undefined
  readonly issuer?: string | undefined
}

/** Who must agree to a held operation, and for how long what counts. */
export type Approval = {
  readonly approvers: readonly { readonly group: string; readonly min: number }[]
  /** How long a request may be paused while it waits. */
  readonly holdMs: number
  readonly decideWithinMs: number
  readonly useWithinMs: number
  readonly grant: 'once' | 'window'
}
