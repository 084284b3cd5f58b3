import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProcess, temporaryFolder } from '@weir/testing'
import type { Finished } from '@weir/testing'
import { runWeir } from '../src/run-weir.ts'

export const weirBin = fileURLToPath(new URL('../bin/weir.mjs', import.meta.url))

export type Home = {
  /** The folder that commands run in; `config` below it is where logins are kept. */
  readonly path: string
  /** Runs the real command to its end. */
  weir(...args: readonly string[]): Promise<Finished>
  /** The same in this process: for many cases of what a real process has shown once. */
  weirHere(...args: readonly string[]): Promise<Pick<Finished, 'code' | 'stdout' | 'stderr'>>
  write(name: string, text: string): string
  /** Writes what a running sandbox writes. */
  sandbox(state: { controlPlane: string; issuer: string; services?: readonly object[]; pid?: number }): void
  readonly env: Record<string, string | undefined>
  remove(): void
}

/** A place of its own for commands: no login, no sandbox, no browser. */
export function makeHome(): Home {
  const folder = temporaryFolder()
  const { path } = folder
  const env: Home['env'] = {
    XDG_CONFIG_HOME: join(path, 'config'),
    WEIR_SANDBOX: undefined,
    BROWSER: '',
    NODE_OPTIONS: undefined,
  }
  const write = (name: string, text: string) => {
    writeFileSync(join(path, name), text)
    return join(path, name)
  }
  return {
    path,
    env,
    write,
    weir: (...args) => runProcess(process.execPath, [weirBin, ...args], { cwd: path, env }),
    async weirHere(...args) {
      const said = { stdout: '', stderr: '' }
      const out = (text: string) => void (said.stdout += text)
      const err = (text: string) => void (said.stderr += text)
      const code = await runWeir({ args, env, cwd: path, out, err, bold: (text) => text })
      return { code, ...said }
    },
    sandbox({ services = [], pid = process.pid, ...addresses }) {
      mkdirSync(join(path, '.sandbox'), { recursive: true })
      const rest = {
        kafka: '127.0.0.1:9092',
        controlPlaneAudience: 'weir-control-plane',
        clients: join(path, '.sandbox/clients'),
      }
      write('.sandbox/sandbox.json', JSON.stringify({ pid, ready: true, ...rest, ...addresses, services }))
    },
    remove: folder.remove,
  }
}
