import type { ApiClient } from '@weir/control-plane-client'
import type { Options, ValuesOf } from './options.ts'

/** What a command says: `value` with --json, else `text`. `no` makes the exit code 1. */
export type Answer = { readonly value: unknown; readonly text: string; readonly no?: boolean }

/** The world around a command. */
export type Context = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Options that every command takes. */
  readonly as: string | undefined
  readonly controlPlane: string | undefined
  readonly json: boolean
  /** A line for the person in front of it, beside the answer (stderr). */
  readonly say: (line: string) => void
  /** Headings; plain text where the output is not a terminal. */
  readonly bold: (text: string) => string
  /** The control plane, as the person that --as or the login names. */
  readonly api: () => ApiClient
}

type Words = Readonly<Record<string, string>>

type Definition<O extends Options, A extends Words> = {
  /** As typed after `weir`: `evidence who-wrote`. */
  readonly name: string
  readonly summary: string
  /** More for the command's own help. */
  readonly details?: string
  /** Words that follow the name, each with what it is. */
  readonly words?: A
  readonly options?: O
  /** When the exit code is 1. */
  readonly no?: string
  readonly run: (
    values: ValuesOf<O>,
    context: Context,
    words: { readonly [K in keyof A]: string },
  ) => Promise<Answer> | Answer
}

/** A command whose options have lost their types: what the table holds. */
export type Command = {
  readonly name: string
  readonly path: readonly string[]
  readonly summary: string
  readonly details: string | undefined
  readonly words: Words
  readonly options: Options
  readonly no: string | undefined
  run(values: Readonly<Record<string, unknown>>, context: Context, words: Words): Promise<Answer>
}

export function command<const O extends Options = Record<never, never>, const A extends Words = Record<never, never>>(
  definition: Definition<O, A>,
): Command {
  const { name, summary, details, words, options, no, run } = definition
  return {
    name,
    path: name.split(' '),
    summary,
    details,
    words: words ?? {},
    options: options ?? {},
    no,
    // The values were read by these very options.
    run: async (values, context, given) => run(values as ValuesOf<O>, context, given as { [K in keyof A]: string }),
  }
}
