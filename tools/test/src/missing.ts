import type { MissingServer } from '@weir/testing'

/** The list of servers that are not here, with the reason and the command that installs each. */
export function describeMissing(missing: readonly MissingServer[]): string {
  return [
    `Missing, so that the tests that need it did not run (the commands are Debian's):`,
    ...missing.map(({ name, why, install }) => `  ${name}: ${why}\n    ${install}`),
  ].join('\n')
}
