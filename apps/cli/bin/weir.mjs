#!/usr/bin/env node
// Starts the command under Node 24, on any Node from 18 on: in this process when it is new enough, else in the packaged one.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const neededMajor = 24
// In a clone the sources: a bundle there may be older than they are. Where only the bundle is shipped, the bundle.
const source = new URL('../src/main.ts', import.meta.url)
const program = existsSync(source) ? source : new URL('../dist/main.js', import.meta.url)

if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  await import(program.href)
} else {
  const runtime = packagedRuntime()
  if (runtime === undefined) {
    process.stderr.write(
      `weir: Node ${neededMajor} or later is needed, and this is Node ${process.versions.node}. ` +
        'Install it, or the packages that bring it: npm ci --include=optional\n',
    )
    process.exitCode = 3
  } else {
    runInPlace(runtime, [fileURLToPath(program), ...process.argv.slice(2)])
  }
}

function packagedRuntime() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const file = `node-${platform}-${process.arch}/bin/${platform === 'win' ? 'node.exe' : 'node'}`
  try {
    return createRequire(import.meta.url).resolve(file)
  } catch {
    return undefined
  }
}

/**
 * Same terminal, signals and exit code.
 * @param {string} command
 * @param {string[]} args
 */
function runInPlace(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' })
  // Ctrl-C reaches both by way of the terminal; a signal that is sent to this process alone has to be passed on.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    process.stderr.write(`weir: ${command} cannot be started: ${error.message}\n`)
    process.exitCode = 3
  })
  child.once('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 3
      return
    }
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
