import { spawn } from 'node:child_process'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program in this process's place: same terminal, its signals, its exit code. Ends this process by the signal
 * that ended the program, so that a shell sees what really happened.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<number>}
 */
export function runForeground(command, args, options) {
  const child = spawn(command, args, { stdio: 'inherit', ...options })
  // Ctrl-C reaches every process of the terminal by itself; passed on it would arrive twice, and the second one
  // means "at once" to a program that is already stopping.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  for (const signal of signals) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !terminal) child.kill(signal)
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const name of signals) process.removeAllListeners(name)
      if (signal === null) return resolve(code)
      process.kill(process.pid, signal)
    })
  })
}
