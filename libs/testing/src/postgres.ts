import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './ports.ts'
import { runProcess, startProcess } from './process.ts'
import { findPostgresPrograms } from './programs.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A throw-away PostgreSQL; `url` is that of a superuser and an empty database. */
export type Postgres = { readonly url: string; stop(): Promise<void> }

// Nothing here has to survive a power cut, and a test waits for every fsync.
const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/**
 * Starts PostgreSQL on loopback from the programs on PATH or Debian's, in a temporary folder. As root it runs as the
 * user `postgres`, or `nobody`, because PostgreSQL refuses to run as root. Throws when there are no programs.
 * `durable`: with the settings that PostgreSQL comes with, for measuring and for pulling the plug.
 */
export async function startPostgres(options: { readonly durable?: boolean } = {}): Promise<Postgres> {
  const programs = findPostgresPrograms()
  if (programs === undefined) throw new Error('PostgreSQL is not installed. On Debian: apt-get install postgresql')
  const owner = process.getuid?.() === 0 ? unprivilegedUser() : {}
  const folder = temporaryFolder()
  if (owner.uid !== undefined) chownSync(folder.path, owner.uid, owner.gid!)
  const data = join(folder.path, 'data')
  const passwordFile = join(folder.path, 'password')
  writeFileSync(passwordFile, 'weir')

  const init = ['-D', data, '-U', 'weir', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '-E', 'UTF8', '--no-sync']
  const { code, stderr } = await runProcess(join(programs, 'initdb'), [...init, '--locale=C'], owner)
  if (code !== 0) throw new Error(`initdb exited with ${code}:\n${stderr}`)

  const port = await freePort()
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder.path}`,
    ...(options.durable === true ? [] : careless),
  ]
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
  const server = await startProcess(join(programs, 'postgres'), args, owner)
  const stop = async () => {
    // PostgreSQL's immediate shutdown: its workers end too, which a SIGKILL of the parent does not see to.
    await server.stop('SIGQUIT')
    folder.remove()
  }
  try {
    await server.waitFor(/database system is ready to accept connections/)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `postgres://weir:weir@127.0.0.1:${port}/postgres`, stop }
}

function unprivilegedUser(): { uid?: number; gid?: number } {
  const accounts = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  )
  const account = accounts.get('postgres') ?? accounts.get('nobody')
  if (account === undefined)
    throw new Error('PostgreSQL refuses to run as root, and there is no user postgres or nobody.')
  return account
}
