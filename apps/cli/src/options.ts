import { duration as durationSchema, suggestion } from '@weir/config'
import { UsageError } from './failures.ts'

/** One option of a command: what it is called in help, and how its text becomes a value. */
export type Option<T> = {
  /** What stands for the value in help; undefined for a flag, which takes none. */
  readonly placeholder: string | undefined
  readonly summary: string
  readonly required: boolean
  readonly repeatable: boolean
  /** Throws UsageError; the option's name is put in front of its message. */
  read(texts: readonly string[]): T
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type ValuesOf<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never }

type Reader<T> = (text: string) => T

export function flag(summary: string): Option<boolean> {
  const read = (texts: readonly string[]) => texts.length > 0
  return { placeholder: undefined, summary, required: false, repeatable: false, read }
}

export function text(placeholder: string, summary: string): Option<string | undefined> {
  return single(placeholder, summary, nonEmpty)
}

export function integer(placeholder: string, summary: string): Option<number | undefined> {
  return single(placeholder, summary, (given) => {
    const value = Number(given)
    if (/^\d+$/.test(given) && Number.isSafeInteger(value)) return value
    throw new UsageError(`must be a whole number, not "${given}"`)
  })
}

export function choice<T extends string>(placeholder: string, values: readonly T[], summary: string) {
  return single<T>(placeholder, `${summary}: ${values.join(', ')}`, (given) => {
    const chosen = values.find((value) => value === given)
    if (chosen !== undefined) return chosen
    throw new UsageError(`must be one of ${values.join(', ')}, not "${given}"${suggestion(given, values)}`)
  })
}

/** `20s`, `15m`, `90d` → milliseconds. */
export function duration(placeholder: string, summary: string): Option<number | undefined> {
  return single(placeholder, summary, (given) => {
    const result = durationSchema({ min: '1ms' }).safeParse(given)
    if (result.success) return result.data
    throw new UsageError(`${result.error.issues[0]?.message ?? 'must be a duration'}, not "${given}"`)
  })
}

const timePattern = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/

/** A moment with its zone, a day (its start in UTC), or how long ago: `2h` → ISO 8601 in UTC. */
export function moment(placeholder: string, summary: string): Option<string | undefined> {
  return single(placeholder, summary, (given) => {
    const agoMs = durationSchema().safeParse(given).data
    const atMs = agoMs === undefined ? (timePattern.test(given) ? Date.parse(given) : Number.NaN) : Date.now() - agoMs
    if (Math.abs(atMs) <= 8.64e15) return new Date(atMs).toISOString()
    throw new UsageError(
      `must be a time with its zone (2026-01-31T14:00Z), a day, or how long ago (2h), not "${given}"`,
    )
  })
}

export function repeated<T>(placeholder: string, summary: string, read: Reader<T>): Option<readonly T[]> {
  return { placeholder, summary, required: false, repeatable: true, read: (texts) => texts.map(read) }
}

export function required<T>(option: Option<T | undefined>): Option<T> {
  // A required option that is missing is reported before any is read.
  return { ...option, required: true, read: (texts) => option.read(texts) as T }
}

export function nonEmpty(given: string): string {
  if (given !== '') return given
  throw new UsageError('must not be empty')
}

function single<T>(placeholder: string, summary: string, read: Reader<T>): Option<T | undefined> {
  const readFirst = ([first]: readonly string[]) => (first === undefined ? undefined : read(first))
  return { placeholder, summary, required: false, repeatable: false, read: readFirst }
}
