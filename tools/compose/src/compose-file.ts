import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** A service as our compose file writes it: every list and map in its short form. */
export type Service = {
  readonly image?: string
  readonly build?: { readonly context: string; readonly target: string }
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  /** `source:target[:ro]`; a source that begins with `.` is a path, any other the name of a volume. */
  readonly volumes?: readonly string[]
  /** `address:published:container`. */
  readonly ports?: readonly string[]
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly network_mode?: string
  readonly profiles?: readonly string[]
}

export type ComposeFile = {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

/** Reads a compose file and fills in `${NAME:-default}` as Compose does; a name with neither a value nor a default is an error. */
export function readComposeFile(path: string, env: Readonly<Record<string, string>> = {}): ComposeFile {
  return fillIn(parse(readFileSync(path, 'utf8')), env) as ComposeFile
}

function fillIn(value: unknown, env: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return fillInText(value, env)
  if (Array.isArray(value)) return value.map((item) => fillIn(item, env))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item, env)]))
}

function fillInText(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, fallback: string | undefined) => {
    const value = env[name] ?? fallback
    if (value === undefined) throw new Error(`the compose file uses ${name} and gives no default`)
    return value
  })
}

export function dependenciesOf(service: Service): string[] {
  const { depends_on: names = [] } = service
  return Array.isArray(names) ? [...(names as readonly string[])] : Object.keys(names)
}

export type Mount = { readonly source: string; readonly target: string; readonly isPath: boolean }

export function mountsOf(service: Service): Mount[] {
  return (service.volumes ?? []).map((text) => {
    const [source = '', target = ''] = text.split(':')
    return { source, target, isPath: source.startsWith('.') }
  })
}
