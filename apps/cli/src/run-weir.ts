import manifest from '../package.json' with { type: 'json' }
import type { Answer, Context } from './command.ts'
import { CommandLineError, readCommandLine } from './command-line.ts'
import type { Asked } from './command-line.ts'
import { commands } from './commands/index.ts'
import { connect } from './connection.ts'
import { errorBodyOf, exitCodeOf } from './failures.ts'
import type { ExitCode } from './failures.ts'
import { helpText, usageLine } from './help.ts'

/** The world around the process. */
export type Surroundings = Pick<Context, 'env' | 'cwd' | 'bold'> & {
  readonly args: readonly string[]
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** Runs one command line; all that it says goes to `out` and `err`. Never throws. */
export async function runWeir(surroundings: Surroundings): Promise<ExitCode> {
  const { args, out, err } = surroundings
  let asked: Asked
  try {
    asked = readCommandLine(args, commands)
  } catch (error) {
    if (!(error instanceof CommandLineError)) return fail(error, false, surroundings)
    err(`weir: ${error.message}\n${usageHint(error.path)}`)
    return 2
  }
  if (asked.kind === 'help') {
    out(helpText(asked.path, commands))
    return 0
  }
  if (asked.kind === 'version') {
    out(`weir ${manifest.version}\n`)
    return 0
  }
  const { common, command, values, words } = asked
  try {
    const answer = await command.run(values, contextOf(surroundings, common), words)
    out(`${common.json ? JSON.stringify(answer.value, undefined, 2) : answer.text}\n`)
    return codeOf(answer)
  } catch (error) {
    return fail(error, common.json, surroundings)
  }
}

function contextOf(surroundings: Surroundings, common: Extract<Asked, { kind: 'run' }>['common']): Context {
  const { env, cwd, bold, err } = surroundings
  const asking = { env, cwd, as: common.as, controlPlane: common['control-plane'] }
  return { ...asking, bold, json: common.json, say: (line) => err(`${line}\n`), api: () => connect(asking) }
}

function codeOf({ no }: Answer): ExitCode {
  return no === true ? 1 : 0
}

function fail(error: unknown, json: boolean, { out, err }: Surroundings): ExitCode {
  const body = errorBodyOf(error)
  if (json) out(`${JSON.stringify(body, undefined, 2)}\n`)
  else err(`weir: ${body.error.message}\n`)
  return exitCodeOf(error)
}

function usageHint(path: readonly string[]): string {
  const command = commands.find((each) => each.path.join(' ') === path.join(' '))
  const usage = command === undefined ? '' : `${usageLine(command)}\n`
  return `${usage}Try ${['weir', ...path, '--help'].join(' ')}\n`
}
