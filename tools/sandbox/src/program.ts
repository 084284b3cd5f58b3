import { startProcess } from '@weir/testing'
import type { RunningProcess } from '@weir/testing'

/** A service of the sandbox that is a process of its own. */
export type Program = {
  readonly name: string
  /** Its standard output and error, added to at each start. */
  readonly logFile: string
  /** Starts it and waits until it answers that it is ready. Rejects with its last lines when it does not. */
  start(): Promise<void>
  /** Ends it and waits for that. Without a signal it may finish what it is doing. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

const readyTimeoutMs = 90_000
const pollMs = 100

/** A program that is not started yet. `onEnd` is told when it ends without having been stopped. */
export function describeProgram(options: {
  name: string
  entry: string
  config: string
  readyUrl: string
  logFile: string
  signal: AbortSignal
  onEnd: (reason: string) => void
}): Program {
  const { name, logFile } = options
  let running: RunningProcess | undefined
  return {
    name,
    logFile,
    async start() {
      const started = await startProcess(process.execPath, [options.entry, '--config', options.config], { logFile })
      running = started
      void started.exited.then(() => {
        if (running === started) options.onEnd(`The ${name} ended by itself; see ${logFile}.`)
      })
      await waitUntilReady(options, started)
    },
    async stop(signal) {
      const stopped = running
      running = undefined
      await stopped?.stop(signal)
    },
  }
}

async function waitUntilReady(
  { name, readyUrl, logFile, signal }: Parameters<typeof describeProgram>[0],
  running: RunningProcess,
): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs
  while (Date.now() < deadline) {
    signal.throwIfAborted()
    if (!running.running) {
      const lines = running.output().trimEnd().split('\n').slice(-10)
      throw new Error(`The ${name} did not start:\n${lines.join('\n')}\nIts log: ${logFile}`)
    }
    const answer = await fetch(readyUrl, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  throw new Error(`The ${name} was not ready within ${readyTimeoutMs / 1000} s; see ${logFile}.`)
}
