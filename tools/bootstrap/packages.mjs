import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { advise } from './advice.mjs'
import { runForeground } from './foreground.mjs'
import { exclusively } from './lock.mjs'

/**
 * Installs what package-lock.json names, unless it is there. One process per clone installs; others wait for it.
 * @param {string} root
 */
export async function installPackages(root) {
  if (missingPackages(root).length === 0) return
  await exclusively(join(root, '.install.lock'), async () => {
    if (missingPackages(root).length === 0) return
    say(existsSync(join(root, 'node_modules')) ? 'The installed packages are stale.' : 'No packages are installed yet.')
    say('Installing the locked packages with npm ci; this takes about a minute …')
    const progress = setInterval(() => say('… still installing'), 20_000)
    const [command, ...args] = npm()
    // The sources run from the packages for development too, whatever NODE_ENV says.
    const code = await runForeground(
      command,
      [...args, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
      {
        cwd: root,
        // What npm prints is not the program's output.
        stdio: ['ignore', 2, 2],
      },
    )
    clearInterval(progress)
    if (code !== 0) throw advise(`npm ci failed with exit code ${code}; what it printed above says why.`)
    const missing = missingPackages(root)
    if (missing.length > 0)
      throw advise(`npm ci left out what package-lock.json names: ${missing.slice(0, 3).join(', ')}.`)
    say('Packages are installed.')
  })
}

/**
 * The locked packages that are absent or of another version. npm records what it installed in a lock of its own, which
 * it writes last: an interrupted installation has none. Optional packages of other platforms are rightly absent.
 * @param {string} root
 * @returns {string[]}
 */
function missingPackages(root) {
  const locked = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  return Object.entries(locked)
    .filter(([path]) => path.includes('node_modules/'))
    .filter(([path, entry]) => {
      const found = installed[path]
      if (found === undefined) return !entry.optional && !entry.devOptional
      return found.version !== entry.version || found.integrity !== entry.integrity
    })
    .map(([path]) => path)
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }>}
 */
function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {}
}

/** The npm that runs this script, else the one on PATH. */
function npm() {
  const script = process.env.npm_execpath
  return script !== undefined && basename(script) === 'npm-cli.js' ? [process.execPath, script] : ['npm']
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`)
}
