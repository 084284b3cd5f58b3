import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { findOnPath, findProgram } from './programs.ts'

/** How a program ended: its code, or the signal that ended it. */
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** How a program is run. */
export type ProcessOptions = {
  readonly cwd?: string
  /** Replaces nothing: it is laid over this process's environment. `undefined` removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Written to standard input, which is then closed. Without it, `write` and `end` are yours. */
  readonly input?: string | Uint8Array
  /** User and group to run as; only root may ask. */
  readonly uid?: number
  readonly gid?: number
  /** Standard output and error are also appended to this file, for whoever looks after a failure. */
  readonly logFile?: string
}

/** A running program with its output kept. */
export type RunningProcess = {
  readonly pid: number
  /** Settles when the program has ended and its output is complete; never rejects. */
  readonly exited: Promise<Exit>
  readonly running: boolean
  /** What it has written so far: of each stream the last 8 MiB. `output()` is both, as they came. */
  stdout(): string
  stderr(): string
  output(): string
  /** The first match in `output()`, now or later. Rejects when the program ends or `timeoutMs` (30 s) passes without one. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>
  write(text: string | Uint8Array): void
  end(): void
  /** Sends `signal` (SIGTERM), and SIGKILL after `graceMs` (10 s). Safe to call on what has ended. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<Exit>
}

/** What a program that was run to its end answered. */
export type Finished = Exit & { readonly stdout: string; readonly stderr: string }

const outputLimitBytes = 8 * 1024 * 1024
const drainMs = 1_000
const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/**
 * Starts a program without a shell. It ends with this process: at a normal exit always, and on Linux also when this
 * process is killed, so that an interrupted test run leaves no broker behind. Throws when it cannot be started.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<RunningProcess> {
  const env = { ...process.env, ...options.env }
  const path = findProgram(command, env['PATH'])
  if (path === undefined) throw new Error(`${command} is not a program here, nor on PATH.`)
  const [program, leading] = endWithParent(path)
  const child = spawn(program, [...leading, ...args], {
    cwd: options.cwd,
    env,
    uid: options.uid,
    gid: options.gid,
    stdio: 'pipe',
  })
  const output = captureOutput(child, options.logFile)
  const exited = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
  child.once('exit', () => {
    // What the program itself started may live on and hold its pipes open.
    setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream.destroy()), drainMs).unref()
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => reject(new Error(`${command} cannot be started: ${cause.message}`, { cause })))
  })
  living.add(child)
  void exited.then(() => living.delete(child))
  // A program that ends before it has read its input is judged by its exit code, not by the broken pipe.
  child.stdin.on('error', () => {})
  if (options.input !== undefined) child.stdin.end(options.input)

  const running = () => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid!,
    exited,
    get running() {
      return running()
    },
    stdout: output.stdout,
    stderr: output.stderr,
    output: output.both,
    waitFor: (pattern, timeoutMs = 30_000) => waitForOutput(command, output, exited, pattern, timeoutMs),
    write: (text) => void child.stdin.write(text),
    end: () => void child.stdin.end(),
    async stop(signal = 'SIGTERM', graceMs = 10_000) {
      if (running()) child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      const exit = await exited
      clearTimeout(timer)
      return exit
    },
  }
}

/** Runs a program to its end. Rejects when it cannot be started or is not done within `timeoutMs` (60 s). */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions & { readonly timeoutMs?: number } = {},
): Promise<Finished> {
  const { timeoutMs = 60_000, ...rest } = options
  const started = await startProcess(command, args, { input: '', ...rest })
  let late = false
  const timer = setTimeout(() => {
    late = true
    void started.stop('SIGKILL')
  }, timeoutMs)
  const exit = await started.exited
  clearTimeout(timer)
  if (late) throw new Error(`${command} was not done after ${timeoutMs} ms:\n${started.output()}`)
  return { ...exit, stdout: started.stdout(), stderr: started.stderr() }
}

/** Lets the kernel end the program when this process is gone, where that can be had (util-linux). */
function endWithParent(program: string): [string, string[]] {
  const setpriv = process.platform === 'linux' ? findOnPath('setpriv') : undefined
  return setpriv === undefined ? [program, []] : [setpriv, ['--pdeathsig', 'KILL', '--', program]]
}

type Output = { stdout(): string; stderr(): string; both(): string; onData(listener: () => void): () => void }

function captureOutput(child: ChildProcess, logFile: string | undefined): Output {
  const kept = { stdout: '', stderr: '', both: '' }
  const listeners = new Set<() => void>()
  const log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' })
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      kept[name] = (kept[name] + text).slice(-outputLimitBytes)
      kept.both = (kept.both + text).slice(-outputLimitBytes)
      log?.write(text)
      for (const listener of listeners) listener()
    })
  }
  child.once('close', () => log?.end())
  return {
    stdout: () => kept.stdout,
    stderr: () => kept.stderr,
    both: () => kept.both,
    onData: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

async function waitForOutput(
  command: string,
  output: Output,
  exited: Promise<Exit>,
  pattern: RegExp,
  timeoutMs: number,
): Promise<RegExpMatchArray> {
  const found = output.both().match(pattern)
  if (found !== null) return found
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer)
      unsubscribe()
      act()
    }
    const fail = (what: string) =>
      settle(() => reject(new Error(`${command} ${what} without printing ${pattern}:\n${output.both()}`)))
    const timer = setTimeout(() => fail(`went on for ${timeoutMs} ms`), timeoutMs)
    const unsubscribe = output.onData(() => {
      const match = output.both().match(pattern)
      if (match !== null) settle(() => resolve(match))
    })
    void exited.then(() => fail('ended'))
  })
}
