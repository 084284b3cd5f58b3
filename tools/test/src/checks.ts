import { spawn } from 'node:child_process'

/** A step of `npm test`: what it is called in the summary, and the program that decides. */
export type Check = { readonly name: string; readonly command: string; readonly args: readonly string[] }

/** What is checked before the tests run, quickest first. */
export const checks: readonly Check[] = [
  { name: 'boundaries', command: process.execPath, args: ['tools/boundaries/src/main.ts'] },
  { name: 'tidy', command: process.execPath, args: ['tools/tidy/src/main.ts'] },
  { name: 'format', command: 'oxfmt', args: ['--check'] },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'typecheck', command: 'tsc', args: [] },
]

/** The tests of all packages, or those whose file matches one of `filters`; the report goes to `reportFile`. */
export function testCheck(filters: readonly string[], reportFile: string): Check {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  // A forgotten `test.only` would leave out the rest in silence.
  return { name: 'tests', command: 'vitest', args: ['run', '--allowOnly=false', ...reporters, ...filters] }
}

/** Runs the checks one after the other, also after one that failed. Gives the names of those that failed. */
export async function runChecks(wanted: readonly Check[]): Promise<string[]> {
  const failed: string[] = []
  for (const check of wanted) if (!(await runCheck(check))) failed.push(check.name)
  return failed
}

/** Runs one check in this terminal. Resolves to whether it passed; ends with this process's SIGINT and SIGTERM. */
function runCheck({ name, command, args }: Check): Promise<boolean> {
  console.log(`\n── ${name} ──`)
  const child = spawn(command, args, { stdio: 'inherit' })
  const end = () => child.kill('SIGTERM')
  process.on('SIGTERM', end).on('SIGINT', end)
  return new Promise((resolve) => {
    const settle = (passed: boolean) => {
      process.off('SIGTERM', end).off('SIGINT', end)
      resolve(passed)
    }
    child.once('error', (error) => {
      console.error(`${command} cannot be started: ${error.message}`)
      settle(false)
    })
    child.once('exit', (code, signal) => {
      // Somebody ended it: what comes after is not wanted either.
      if (signal === 'SIGINT' || signal === 'SIGTERM') process.exit(1)
      settle(code === 0)
    })
  })
}
