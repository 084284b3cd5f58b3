import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, exclusively } from './cache.ts'
import { runProcess } from './process.ts'
import { findOnPath } from './programs.ts'

const toolsFolder = fileURLToPath(new URL('../../../tools/kafka/', import.meta.url))

/** The folder that holds, or will hold, the broker's jars. Its name follows the pom, so a changed pom is a new folder. */
export function kafkaFolder(): string {
  const pom = readFileSync(join(toolsFolder, 'pom.xml'))
  return join(cacheFolder(), `kafka-4.3.1-${createHash('sha256').update(pom).digest('hex').slice(0, 12)}`)
}

export function kafkaIsResolved(): boolean {
  return existsSync(join(kafkaFolder(), 'libs'))
}

/** The path of a stock command-line tool, for example `kafkaTool('kafka-console-producer')`. Throws for an unknown name. */
export function kafkaTool(name: string): string {
  const path = join(toolsFolder, 'bin', name)
  if (!existsSync(path)) throw new Error(`There is no Kafka tool ${name} in ${join(toolsFolder, 'bin')}.`)
  return path
}

/**
 * Fetches Apache Kafka through Maven unless it is there, and gives the folder of its jars. The folder appears whole or
 * not at all, and one process at a time fetches. `say` is told what goes on, a line each.
 */
export async function resolveKafka(say: (line: string) => void = () => {}): Promise<string> {
  const folder = kafkaFolder()
  const libs = join(folder, 'libs')
  if (existsSync(libs)) return libs
  const maven = findOnPath('mvn')
  if (maven === undefined) {
    throw new Error('Apache Kafka is fetched by Maven, and mvn is not on PATH. On Debian: apt-get install maven')
  }
  await exclusively(
    `${folder}.lock`,
    async () => {
      if (existsSync(libs)) return
      say('Fetching Apache Kafka 4.3.1 through Maven (54 MB, once) …')
      mkdirSync(folder, { recursive: true })
      const arriving = mkdtempSync(join(folder, 'arriving-'))
      try {
        await copyJars(maven, arriving)
        renameSync(arriving, libs)
      } finally {
        rmSync(arriving, { recursive: true, force: true })
      }
    },
    (pid) => say(`Another process (${pid}) is fetching Apache Kafka; waiting for it …`),
  )
  return libs
}

async function copyJars(maven: string, target: string): Promise<void> {
  const result = await runProcess(
    maven,
    [
      ...['--batch-mode', '--no-transfer-progress', '--quiet', '--file', join(toolsFolder, 'pom.xml')],
      ...['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${target}`],
    ],
    { timeoutMs: 600_000 },
  )
  if (result.code !== 0) {
    throw new Error(`Maven could not fetch Apache Kafka (exit ${result.code}):\n${result.stdout}${result.stderr}`)
  }
}
