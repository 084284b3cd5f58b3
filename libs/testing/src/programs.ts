import { accessSync, constants, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** The full path of a program in a list of folders as PATH has it, or undefined. */
export function findOnPath(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  return firstProgram(path.split(delimiter).map((folder) => join(folder, name)))
}

/** The path of a program that is given by its path or by its name on PATH, or undefined. */
export function findProgram(command: string, path?: string): string | undefined {
  return command.includes('/') ? firstProgram([command]) : findOnPath(command, path)
}

/** Java 17 or later: of JAVA_HOME, else on PATH, else what a Debian package has put under /usr/lib/jvm. */
export function findJava(): string | undefined {
  const home = process.env['JAVA_HOME']
  const candidates = [
    ...(home ? [join(home, 'bin', 'java')] : []),
    ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'java')),
    ...entriesOf('/usr/lib/jvm').map((name) => join('/usr/lib/jvm', name, 'bin', 'java')),
  ]
  return candidates.find((java) => isProgram(java) && javaVersion(java) >= 17)
}

/** From the `release` file of the installation, which is quicker than starting it. Without that file the best is hoped for. */
function javaVersion(java: string): number {
  try {
    const release = readFileSync(join(dirname(realpathSync(java)), '..', 'release'), 'utf8')
    const version = /^JAVA_VERSION="(?:1\.)?(\d+)/m.exec(release)?.[1]
    return version === undefined ? Infinity : Number(version)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Infinity
    throw error
  }
}

/** The folder of PostgreSQL's server programs: on PATH, else the newest of Debian's, which are not on PATH. */
export function findPostgresPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = entriesOf(debian).toSorted((a, b) => Number(b) - Number(a))
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...versions.map((v) => join(debian, v, 'bin'))]
  return folders.find((folder) => isProgram(join(folder, 'initdb')) && isProgram(join(folder, 'postgres')))
}

function firstProgram(paths: readonly string[]): string | undefined {
  return paths.find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}
