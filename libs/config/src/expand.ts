import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { LocatedYaml, Origin, Path } from './located-yaml.ts'
import type { Problem } from './problem.ts'
import { childSchema, wantedType } from './schema-walk.ts'
import { pathText } from './yaml-problems.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Replaces `${NAME}` and `${file:/path}` in the values (not the keys), once, and `$${` by a plain `${`.
 * It works on the parsed value, so nothing that comes from outside can add structure to the file.
 * A value that is one `${NAME}` alone becomes a number or a boolean where the schema wants one.
 */
export function expandValues(
  located: LocatedYaml,
  options: { schema: z.ZodType; env: Environment; folder: string },
): LocatedYaml {
  const problems: Problem[] = [...located.problems]
  const origins = new Map<string, Origin>()

  const expandText = (text: string, path: Path, schema: z.core.$ZodType | undefined): unknown => {
    let origin: Origin = 'file'
    const expanded = text.replaceAll(/\$\$\{|\$\{([^}]*)(\}?)/g, (reference, name?: string, close?: string) => {
      if (reference === '$${') return '${'
      const found = close === '' ? notUnderstood(reference) : lookUp(name ?? '', options)
      if ('text' in found) {
        if (origin === 'file') origin = 'outside'
        return found.text
      }
      origin = 'unresolved'
      const message = `${pathText(path)}: ${found.problem}`
      problems.push({ severity: 'error', message, ...located.position(path) })
      return ''
    })
    if (origin === 'file') return expanded
    origins.set(JSON.stringify(path), origin)
    return /^\$\{[^}]*\}$/.test(text) && schema !== undefined ? asWanted(expanded, schema) : expanded
  }

  const expand = (value: unknown, path: Path, schema: z.core.$ZodType | undefined): unknown => {
    if (typeof value === 'string') return expandText(value, path, schema)
    const part = (key: string | number): z.core.$ZodType | undefined =>
      schema === undefined ? undefined : childSchema(schema, value, key)
    if (Array.isArray(value)) return value.map((item, index) => expand(item, [...path, index], part(index)))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, expand(item, [...path, key], part(key))]),
    )
  }

  const value = expand(located.value, [], options.schema)
  return { ...located, value, problems, origin: (path) => origins.get(JSON.stringify(path)) ?? 'file' }
}

type Found = { text: string } | { problem: string }

function lookUp(name: string, options: { env: Environment; folder: string }): Found {
  if (name.startsWith('file:')) return readText(name.slice('file:'.length), options.folder)
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return notUnderstood(`\${${name}}`)
  const text = options.env[name]
  return text === undefined ? { problem: `the environment variable ${name} is not set` } : { text }
}

function readText(path: string, folder: string): Found {
  try {
    return { text: readFileSync(resolve(folder, path), 'utf8').replace(/\r?\n$/, '') }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown fault'
    return { problem: `the file ${path} cannot be read: ${readFaults[code] ?? code}` }
  }
}

function notUnderstood(reference: string): Found {
  return { problem: `${reference} is not understood; write \${NAME} or \${file:/path}, or $\${ for a plain \${` }
}

export const readFaults: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
}

function asWanted(text: string, schema: z.core.$ZodType): unknown {
  const wanted = wantedType(schema, text)
  if (wanted === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (wanted === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
