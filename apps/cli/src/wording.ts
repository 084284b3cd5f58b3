import type { Person } from '@weir/contracts'

type Named = { readonly person: Person; readonly actors: readonly { readonly subject: string }[] }

/** `Alice Ames (alice)`; somebody who acts for her: `agent for Alice Ames (alice)`. */
export function nameOf({ person, actors }: Named): string {
  const { subject, displayName } = person
  const own = displayName === undefined || displayName === subject ? subject : `${displayName} (${subject})`
  return [...actors.map((actor) => actor.subject), own].join(' for ')
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

/** `3 s`, `2 h`: the largest unit that fits, rounded up; what is shorter than a second is `1 s`. */
export function roughDuration(durationMs: number): string {
  const [unit, unitMs] = units.find(([, ms]) => durationMs >= ms) ?? units[3]
  return `${Math.max(1, Math.ceil(durationMs / unitMs))} ${unit}`
}

/** `1.5 MiB` */
export function roughSize(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(names.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${names[power]}`
}
