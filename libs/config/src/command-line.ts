import { parseArgs } from 'node:util'
import { suggestion } from './nearest.ts'

/** What one of our processes was asked to do. */
export type CommandLine =
  | { readonly mode: 'start' | 'check' | 'print-config'; readonly configPath: string }
  | { readonly mode: 'help' | 'version' | 'schema' }
  | { readonly mode: 'wrong'; readonly problem: string }

const options = {
  config: { type: 'string' },
  check: { type: 'boolean' },
  'print-config': { type: 'boolean' },
  schema: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Reads the arguments that all our processes share. Never throws: what cannot be understood is `wrong`. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') return wrong(`unexpected argument "${token.value}"`)
    if (token.kind !== 'option') continue
    if (!Object.hasOwn(options, token.name)) {
      const known = Object.keys(options).map((name) => `--${name}`)
      return wrong(`unknown option ${token.rawName}${suggestion(token.rawName, known)}`)
    }
    if (token.name === 'config' ? token.value === undefined || token.value === '' : token.value !== undefined) {
      return wrong(token.name === 'config' ? '--config needs a file' : `${token.rawName} takes no value`)
    }
  }
  if (values.help === true) return { mode: 'help' }
  if (values.version === true) return { mode: 'version' }
  if (values.schema === true) return { mode: 'schema' }
  if (values.check === true && values['print-config'] === true) return wrong('choose --check or --print-config')
  if (typeof values.config !== 'string') return wrong('--config FILE is missing')
  const mode = values.check === true ? 'check' : values['print-config'] === true ? 'print-config' : 'start'
  return { mode, configPath: values.config }
}

/** The text of `--help`. */
export function usage(app: { name: string; summary: string; reference: string }): string {
  return `${app.summary}

Usage: ${app.name} --config FILE [--check | --print-config]

  --config FILE    the YAML file to run with
  --check          read and check the file, then end
  --print-config   print what the file comes to, defaults filled in and secrets hidden, then end
  --schema         print the JSON Schema of the file
  --version        print the version
  --help, -h       print this

Every key of the file is described in ${app.reference}.
Exit codes: 0 done, 1 the configuration is invalid or the start failed, 2 wrong usage.
`
}

function wrong(problem: string): CommandLine {
  return { mode: 'wrong', problem }
}
