import { parseArgs } from 'node:util'
import { suggestion } from '@weir/config'
import type { Command } from './command.ts'
import { UsageError } from './failures.ts'
import { flag, text } from './options.ts'
import type { Options, ValuesOf } from './options.ts'

/** Options that every command takes. */
export const commonOptions = {
  as: text('PERSON', 'in the sandbox: ask as this person, without a login'),
  'control-plane': text('URL', 'the control plane to ask; default: the one of the last login, or the sandbox’s'),
  json: flag('print the answer as JSON, exactly as the HTTP API has it'),
  help: flag('print this'),
}

export type Asked =
  | { readonly kind: 'version' }
  /** `path` names a command, a group of them, or, when empty, all. */
  | { readonly kind: 'help'; readonly path: readonly string[] }
  | {
      readonly kind: 'run'
      readonly command: Command
      readonly values: Readonly<Record<string, unknown>>
      readonly words: Readonly<Record<string, string>>
      readonly common: ValuesOf<typeof commonOptions>
    }

/** Words and options apart. Options may stand anywhere, so which take a value is looked up over all commands. */
type Given = { readonly words: readonly string[]; readonly options: ReadonlyMap<string, readonly string[]> }

/** A wrong command line, and whose usage helps. */
export class CommandLineError extends UsageError {
  readonly path: readonly string[]
  constructor(message: string, path: readonly string[]) {
    super(message)
    this.path = path
  }
}

/** Throws {@link CommandLineError}. */
export function readCommandLine(args: readonly string[], commands: readonly Command[]): Asked {
  const { words, options } = splitArguments(args, commands)
  const command = commands.find(({ path }) => path.every((word, index) => words[index] === word))
  const path = command?.path ?? knownWords(words, commands)
  const known = { ...command?.options, ...commonOptions }
  checkNames(options, command, known, path)
  if (options.has('help')) {
    if (command === undefined && path.length < words.length) throw unknownCommand(words, path, commands)
    return { kind: 'help', path }
  }
  if (command === undefined) {
    if (options.has('version')) return { kind: 'version' }
    throw unknownCommand(words, path, commands)
  }
  checkCounts(options, known, path)
  const values = readValues(command.options, options, path)
  const common = readValues(commonOptions, options, path) as ValuesOf<typeof commonOptions>
  return { kind: 'run', command, values, words: readWords(command, words), common }
}

function splitArguments(args: readonly string[], commands: readonly Command[]): Given {
  const all: Options = Object.assign({}, ...commands.map(({ options }) => options), commonOptions) as Options
  const types = Object.fromEntries(
    Object.entries(all).map(([name, { placeholder }]) => {
      const type = placeholder === undefined ? ('boolean' as const) : ('string' as const)
      return [name, name === 'help' ? { type, short: 'h' } : { type }]
    }),
  )
  const { tokens } = parseArgs({ args: [...args], options: types, strict: false, tokens: true })
  const words: string[] = []
  const options = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const option = Object.hasOwn(all, name) ? all[name] : undefined
    if (option !== undefined && option.placeholder === undefined && value !== undefined) {
      throw new CommandLineError(`${rawName} takes no value`, knownWords(words, commands))
    }
    // The next option is not a value that somebody meant.
    if (option?.placeholder !== undefined && (value === undefined || (!inlineValue && /^-./.test(value)))) {
      const message = `${rawName} needs a value: ${rawName}=${option.placeholder}`
      throw new CommandLineError(message, knownWords(words, commands))
    }
    options.set(name, [...(options.get(name) ?? []), value ?? ''])
  }
  return { words, options }
}

/** The leading words that name a group. */
function knownWords(words: readonly string[], commands: readonly Command[]): readonly string[] {
  let length = 0
  while (length < words.length && commands.some(({ path }) => startsWith(path, words.slice(0, length + 1)))) length++
  return words.slice(0, length)
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((word, index) => path[index] === word)
}

function unknownCommand(words: readonly string[], path: readonly string[], commands: readonly Command[]) {
  const next = new Set(commands.filter((each) => startsWith(each.path, path)).map((each) => each.path[path.length]!))
  const word = words[path.length]
  const name = ['weir', ...path].join(' ')
  if (word === undefined) return new CommandLineError(`${name} needs a command: ${[...next].join(', ')}`, path)
  return new CommandLineError(`${name} has no command "${word}"${suggestion(word, next)}`, path)
}

function checkNames(options: Given['options'], command: Command | undefined, known: Options, path: readonly string[]) {
  for (const name of options.keys()) {
    if (Object.hasOwn(known, name) || (command === undefined && name === 'version')) continue
    const dashes = name.length === 1 ? '-' : '--'
    const hint = suggestion(
      `--${name}`,
      Object.keys(known).map((each) => `--${each}`),
    )
    throw new CommandLineError(`${['weir', ...path].join(' ')} has no option ${dashes}${name}${hint}`, path)
  }
}

function checkCounts(options: Given['options'], known: Options, path: readonly string[]): void {
  for (const [name, option] of Object.entries(known)) {
    const count = options.get(name)?.length ?? 0
    if (option.required && count === 0) throw new CommandLineError(`--${name} ${option.placeholder} is missing`, path)
    if (!option.repeatable && count > 1) throw new CommandLineError(`--${name} is given more than once`, path)
  }
}

function readValues(known: Options, options: Given['options'], path: readonly string[]): Record<string, unknown> {
  const read = ([name, option]: [string, Options[string]]) => {
    try {
      return [name, option.read(options.get(name) ?? [])]
    } catch (error) {
      if (error instanceof UsageError) throw new CommandLineError(`--${name} ${error.message}`, path)
      throw error
    }
  }
  return Object.fromEntries(Object.entries(known).map(read))
}

function readWords({ path, words }: Command, given: readonly string[]): Record<string, string> {
  const names = Object.keys(words)
  const rest = given.slice(path.length)
  const missing = names[rest.length]
  if (missing !== undefined) throw new CommandLineError(`<${missing}> is missing`, path)
  const surplus = rest[names.length]
  if (surplus !== undefined) throw new CommandLineError(`unexpected argument "${surplus}"`, path)
  return Object.fromEntries(names.map((name, index) => [name, rest[index]!]))
}
