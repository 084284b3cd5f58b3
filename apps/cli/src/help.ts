import type { Command } from './command.ts'
import { commonOptions } from './command-line.ts'
import type { Option, Options } from './options.ts'

const widthColumns = 100

/** Help of everything, of a group, or of one command: whatever the words name. */
export function helpText(path: readonly string[], commands: readonly Command[]): string {
  const command = commands.find((each) => each.path.join(' ') === path.join(' '))
  if (command !== undefined) return `${commandHelp(command)}\n${commonHelp()}\n${exitCodes(command)}`
  const group = commands.filter((each) => path.every((word, index) => each.path[index] === word))
  const name = ['weir', ...path].join(' ')
  const list = definitions(group.map((each): [string, string] => [each.name, each.summary]))
  const all = path.length === 0
  const head = all ? 'weir asks a Weir control plane: who did what, who may do what, and by which policy.\n\n' : ''
  const example = group[0]?.name ?? ''
  return `${head}Usage: ${name} <command> [options]

${list}
Options of one command: weir ${example} --help
${all ? 'The version: weir --version\n' : ''}
${commonHelp()}
${exitCodes()}`
}

/** What is particular to one command. */
export function commandHelp(command: Command): string {
  const words = Object.entries(command.words).map(([name, what]): [string, string] => [`<${name}>`, what])
  const options = Object.entries(command.options).map(([name, option]): [string, string] => [
    synopsis(name, option),
    option.summary,
  ])
  const lists = words.length + options.length === 0 ? '' : `\n${definitions([...words, ...options])}`
  const details = command.details === undefined ? '' : `\n${wrapText(command.details, 0)}\n`
  return `weir ${command.name}: ${command.summary}\n\n${usageLine(command)}\n${lists}${details}`
}

/** `Usage: weir evidence who-wrote --topic NAME … [--topic-id ID]` */
export function usageLine({ name, words, options }: Command): string {
  const parts = [...Object.keys(words).map((word) => `<${word}>`), ...synopses(options)]
  const first = `Usage: weir ${name}`
  return wrapParts([first, ...parts], 'Usage: weir '.length)
}

export function commonHelp(): string {
  const list = Object.entries(commonOptions).map(([name, option]): [string, string] => [
    name === 'help' ? '--help, -h' : synopsis(name, option),
    option.summary,
  ])
  return `With every command:\n${definitions(list)}`
}

export function exitCodes(command?: Command): string {
  const no = command === undefined ? 'the answer is no' : command.no
  const one = no === undefined ? '' : `1 ${no}, `
  return `${wrapText(`Exit codes: 0 done, ${one}2 wrong usage, 3 nothing answers or there is no valid login.`, 0)}\n`
}

function synopses(options: Options): string[] {
  return Object.entries(options).map(([name, option]) => {
    const once = synopsis(name, option)
    return option.required ? once : `[${once}]${option.repeatable ? '…' : ''}`
  })
}

function synopsis(name: string, { placeholder }: Option<unknown>): string {
  return placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`
}

/** Two columns; what is long goes on below itself. */
function definitions(list: readonly (readonly [term: string, meaning: string])[]): string {
  const indent = Math.max(...list.map(([term]) => term.length)) + 4
  return list.map(([term, meaning]) => `  ${term.padEnd(indent - 2)}${wrapText(meaning, indent)}\n`).join('')
}

function wrapText(text: string, indent: number): string {
  return wrapParts(text.split(' '), indent, indent)
}

function wrapParts(parts: readonly string[], indent: number, start = 0): string {
  const lines: string[] = []
  let line = ''
  for (const part of parts) {
    const before = lines.length === 0 ? start : indent
    if (line !== '' && before + line.length + 1 + part.length > widthColumns) {
      lines.push(line)
      line = part
    } else {
      line = line === '' ? part : `${line} ${part}`
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
