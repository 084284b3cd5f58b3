import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, exclusively } from './cache.ts'
import { runProcess } from './process.ts'
import { findOnPath } from './programs.ts'

const requirements = fileURLToPath(new URL('../../../tools/e2e/requirements.txt', import.meta.url))

/** The Python that can `import confluent_kafka`, or undefined where it has not been installed (see `installServers`). */
export function findConfluentKafkaPython(): string | undefined {
  const folder = environmentFolder()
  return existsSync(join(folder, 'ready')) ? join(folder, 'bin', 'python') : undefined
}

/** Makes a virtual environment with the pinned packages in the cache, unless it is there. One process at a time does. */
export async function installConfluentKafka(say: (line: string) => void): Promise<void> {
  const folder = environmentFolder()
  const python = findOnPath('python3')
  if (python === undefined) throw new Error('python3 is not on PATH.')
  await exclusively(
    `${folder}.lock`,
    async () => {
      if (findConfluentKafkaPython() !== undefined) return
      say('Installing the Python client of Kafka into the cache (once) …')
      rmSync(folder, { recursive: true, force: true })
      await expectSuccess(python, ['-m', 'venv', folder])
      const pip = ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', '--requirement', requirements]
      await expectSuccess(join(folder, 'bin', 'python'), pip)
      await expectSuccess(join(folder, 'bin', 'python'), ['-c', 'import confluent_kafka'])
      // An environment cannot be moved into place when it is done, so a last file says that it is.
      writeFileSync(join(folder, 'ready'), '')
    },
    (pid) => say(`Another process (${pid}) is installing the Python client of Kafka; waiting for it …`),
  )
}

function environmentFolder(): string {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  return join(cacheFolder(), `confluent-kafka-${hash}`)
}

async function expectSuccess(program: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runProcess(program, args, { timeoutMs: 600_000 })
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${code}:\n${stdout}${stderr}`)
}
