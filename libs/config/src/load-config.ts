import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { WeirError } from '@weir/kernel'
import type { z } from 'zod'
import { expandValues, readFaults } from './expand.ts'
import { locateYaml } from './located-yaml.ts'
import { problemLines } from './problem.ts'
import { yamlProblems } from './yaml-problems.ts'

/**
 * Reads, expands and checks the one YAML file of a process. The result is frozen through and through.
 *
 * `${NAME}` is an environment variable, `${file:/path}` the content of a file without its last line end (a relative path
 * starts at the folder of the config file), `$${` a plain `${`. There is no other magic. Unknown keys are refused.
 *
 * Throws WeirError WEIR_CONFIG_INVALID; its message has a line per problem: `file:line:column: what (did you mean "x"?)`.
 * No message holds a value that came from outside the file.
 */
export function loadConfig<S extends z.ZodType>(options: {
  path: string
  schema: S
  env?: Readonly<Record<string, string | undefined>>
}): z.output<S> {
  const { path, schema, env = process.env } = options
  const located = locateYaml(readConfig(path), path)
  const expanded = located.problems.length > 0 ? located : expandValues(located, { schema, env, folder: dirname(path) })
  const { value, problems } = yamlProblems(schema, expanded)
  if (problems.length > 0) throw new WeirError('WEIR_CONFIG_INVALID', problemLines(problems, path).join('\n'))
  return freeze(value as z.output<S>)
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown fault'
    const message = `${path}: the file cannot be read: ${readFaults[code] ?? code}`
    throw new WeirError('WEIR_CONFIG_INVALID', message, { cause: error })
  }
}

/** Plain objects and lists only: the insides of a class are its own affair, and bytes cannot be frozen. */
function freeze<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}
