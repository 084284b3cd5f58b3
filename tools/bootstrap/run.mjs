// Runs a TypeScript program of this repository from a fresh clone, on any Node from 18 on:
//
//   node tools/bootstrap/run.mjs <program.ts> [arguments]
//
// It installs the locked packages when they are missing or stale, and goes on under Node 24, which is one of them.
// Until then nothing is installed, so only what Node itself brings may be imported here.
import { join, dirname, delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runForeground } from './foreground.mjs'
import { installPackages } from './packages.mjs'
import { findRuntime } from './runtime.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const [program, ...args] = process.argv.slice(2)

async function main() {
  if (program === undefined) {
    process.stderr.write('Usage: node tools/bootstrap/run.mjs <program.ts> [arguments]\n')
    return 2
  }
  await installPackages(root)
  const runtime = findRuntime(root)
  // Programs find the tools of this repository (vitest, tsc …) as npm scripts do, also without npm.
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  return runForeground(runtime, [program, ...args], { env: { ...process.env, PATH: path } })
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error) => {
    // What a person can mend is told without a stack trace.
    process.stderr.write(`${error.advice ? error.message : error.stack}\n`)
    process.exitCode = 1
  },
)
