import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess, temporaryFolder } from '@weir/testing'
import type { ProcessOptions, RunningProcess } from '@weir/testing'

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

export function freshClone(): FreshClone {
  const folder = temporaryFolder()
  const at = (...parts: string[]) => join(folder.path, ...parts)
  mkdirSync(at('tools', 'bootstrap'), { recursive: true })
  for (const name of readdirSync(bootstrap).filter((entry) => entry.endsWith('.mjs'))) {
    cpSync(join(bootstrap, name), at('tools', 'bootstrap', name))
  }
  pack(folder.path, runtimePackage, '24.0.0', {
    'bin/node': `#!/bin/sh\nPACKAGED_RUNTIME=yes exec '${process.execPath}' "$@"\n`,
  })
  // What the programs run under claims to be the Node that a machine may well have.
  writeFileSync(
    at('node-20.cjs'),
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`,
  )
  writeFileSync(at('.npmrc'), 'omit-lockfile-registry-resolved=true\n')

  const lock = (version: string) => {
    pack(folder.path, 'dependency', version, { 'index.js': `module.exports = '${version}'\n` })
    const manifest = {
      name: 'clone',
      private: true,
      type: 'module',
      dependencies: { dependency: `file:vendor/dependency-${version}.tgz` },
      optionalDependencies: { [runtimePackage]: `file:vendor/${runtimePackage}-24.0.0.tgz` },
    }
    writeFileSync(at('package.json'), JSON.stringify(manifest))
    // As a pull would change it: npm, asked here, would also note the new version as installed.
    const elsewhere = at('elsewhere')
    mkdirSync(elsewhere)
    for (const name of ['package.json', '.npmrc']) cpSync(at(name), join(elsewhere, name))
    cpSync(at('vendor'), join(elsewhere, 'vendor'), { recursive: true })
    npm(elsewhere, ['install', '--package-lock-only', '--offline'])
    cpSync(join(elsewhere, 'package-lock.json'), at('package-lock.json'))
    rmSync(elsewhere, { recursive: true })
  }
  lock('1.0.0')
  return {
    path: folder.path,
    npm: (...args) => npm(folder.path, args),
    upgrade: () => lock('2.0.0'),
    remove: () => folder.remove(),
    run(program, args = [], options = {}) {
      writeFileSync(at('program.ts'), program)
      const node = ['--require', at('node-20.cjs'), at('tools', 'bootstrap', 'run.mjs'), at('program.ts'), ...args]
      const env = { npm_execpath: undefined, npm_config_offline: 'true', ...options.env }
      return startProcess(process.execPath, node, { ...options, env })
    },
  }
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
