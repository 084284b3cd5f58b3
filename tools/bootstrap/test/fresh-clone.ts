import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess, temporaryFolder } from '@weir/testing'
import type { ProcessOptions, RunningProcess, TemporaryFolder } from '@weir/testing'

/** A clone in small: the bootstrap, one dependency and the packaged runtime, all installable without a network. */
export type FreshClone = {
  readonly path: string
  /** Runs the bootstrap as a Node 20 would. */
  run(program: string, args?: readonly string[], options?: ProcessOptions): Promise<RunningProcess>
  npm(...args: string[]): void
  /** Makes another version of the dependency the locked one, without installing it. */
  upgrade(): void
  remove(): void
}

const bootstrap = fileURLToPath(new URL('..', import.meta.url))
const runtimePackage = `node-${process.platform}-${process.arch}`

const templates = new Map<'fresh' | 'installed', TemporaryFolder>()

/** A clone in which nothing was ever run. */
export function freshClone(): FreshClone {
  return copyOf(template('fresh', () => {}))
}

/** A clone whose locked packages are installed. */
export function installedClone(): FreshClone {
  return copyOf(template('installed', (path) => npm(path, ['ci', '--offline'])))
}

/** Deletes what the clones were copied from. */
export function removeTemplates(): void {
  for (const folder of templates.values()) folder.remove()
}

// Packing and installing takes seconds, and is the same for every test.
function template(name: 'fresh' | 'installed', finish: (path: string) => void): TemporaryFolder {
  const made = templates.get(name)
  if (made !== undefined) return made
  const folder = temporaryFolder()
  templates.set(name, folder)
  fillClone(folder.path)
  finish(folder.path)
  return folder
}

function copyOf(source: TemporaryFolder): FreshClone {
  const folder = temporaryFolder()
  cpSync(source.path, folder.path, { recursive: true, verbatimSymlinks: true })
  return {
    path: folder.path,
    npm: (...args) => npm(folder.path, args),
    upgrade: () => lockDependency(folder.path, '2.0.0'),
    remove: () => folder.remove(),
    run(program, args = [], options = {}) {
      writeFileSync(join(folder.path, 'program.ts'), program)
      const run = join(folder.path, 'tools', 'bootstrap', 'run.mjs')
      const node = ['--require', join(folder.path, 'node-20.cjs'), run, join(folder.path, 'program.ts'), ...args]
      const env = { npm_execpath: undefined, npm_config_offline: 'true', ...options.env }
      return startProcess(process.execPath, node, { ...options, env })
    },
  }
}

function fillClone(root: string): void {
  mkdirSync(join(root, 'tools', 'bootstrap'), { recursive: true })
  for (const name of readdirSync(bootstrap).filter((entry) => entry.endsWith('.mjs'))) {
    cpSync(join(bootstrap, name), join(root, 'tools', 'bootstrap', name))
  }
  const runtime = `#!/bin/sh\nPACKAGED_RUNTIME=yes exec '${process.execPath}' "$@"\n`
  pack(root, runtimePackage, '24.0.0', { 'bin/node': runtime })
  // What the programs run under claims to be the Node that a machine may well have.
  const claim = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
  writeFileSync(join(root, 'node-20.cjs'), claim)
  writeFileSync(join(root, '.npmrc'), 'omit-lockfile-registry-resolved=true\n')
  lockDependency(root, '1.0.0')
}

function lockDependency(root: string, version: string): void {
  pack(root, 'dependency', version, { 'index.js': `module.exports = '${version}'\n` })
  const manifest = {
    name: 'clone',
    private: true,
    type: 'module',
    dependencies: { dependency: `file:vendor/dependency-${version}.tgz` },
    optionalDependencies: { [runtimePackage]: `file:vendor/${runtimePackage}-24.0.0.tgz` },
  }
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest))
  // As a pull would change it: npm, asked in the clone, would also note the new version as installed.
  const elsewhere = temporaryFolder()
  for (const name of ['package.json', '.npmrc', 'vendor']) {
    cpSync(join(root, name), join(elsewhere.path, name), { recursive: true })
  }
  npm(elsewhere.path, ['install', '--package-lock-only', '--offline'])
  cpSync(join(elsewhere.path, 'package-lock.json'), join(root, 'package-lock.json'))
  elsewhere.remove()
}

function pack(root: string, name: string, version: string, files: Record<string, string>): void {
  const source = join(root, 'vendor', `${name}-${version}`)
  for (const [path, text] of Object.entries({ 'package.json': JSON.stringify({ name, version }), ...files })) {
    mkdirSync(join(source, path, '..'), { recursive: true })
    writeFileSync(join(source, path), text)
    if (path.startsWith('bin/')) chmodSync(join(source, path), 0o755)
  }
  npm(root, ['pack', source, '--pack-destination', join(root, 'vendor')])
}

function npm(cwd: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} exited with ${status}:\n${stderr}`)
}
