import { findConfluentKafkaPython, installConfluentKafka } from './confluent-kafka.ts'
import { kafkaIsResolved, resolveKafka } from './kafka-distribution.ts'
import { findJava, findOnPath, findPostgresPrograms } from './programs.ts'

/** What a test may need that npm does not install. */
export type Server = 'java' | 'kafka' | 'postgres' | 'kcat' | 'confluent-kafka'

/** What is not here, why, and the command that changes it. */
export type MissingServer = { readonly name: Server; readonly why: string; readonly install: string }

type Entry = { present(): boolean; why: string; install: string; fetch?(say: (line: string) => void): Promise<unknown> }

const servers: Record<Server, Entry> = {
  java: {
    present: () => findJava() !== undefined,
    why: 'no Java 17 or later in JAVA_HOME, on PATH or under /usr/lib/jvm',
    install: 'apt-get install default-jdk-headless',
  },
  kafka: {
    present: () => findJava() !== undefined && kafkaIsResolved(),
    why: 'Apache Kafka is not in the cache',
    install: 'apt-get install default-jdk-headless maven && npm run servers',
    fetch: (say) => resolveKafka(say),
  },
  postgres: {
    present: () => findPostgresPrograms() !== undefined,
    why: 'no initdb and postgres on PATH or under /usr/lib/postgresql',
    install: 'apt-get install postgresql',
  },
  kcat: {
    present: () => findOnPath('kcat') !== undefined,
    why: 'no kcat on PATH',
    install: 'apt-get install kcat',
  },
  'confluent-kafka': {
    present: () => findConfluentKafkaPython() !== undefined,
    why: "Python's confluent-kafka is not in the cache",
    install: 'apt-get install python3-venv && npm run servers',
    fetch: installConfluentKafka,
  },
}

/** Whether a test can have all of these here: `describe.skipIf(!needs('kafka'))`. `npm test` fails where one is missing. */
export function needs(...names: readonly Server[]): boolean {
  return names.every((name) => servers[name].present())
}

/** The servers that are here, in a fixed order. */
export function presentServers(): readonly Server[] {
  return (Object.keys(servers) as Server[]).filter((name) => needs(name))
}

/**
 * Fetches what can be fetched without a system package, and gives what is missing after that, with the reason and the
 * command that installs it. `say` is told what goes on, a line each.
 */
export async function installServers(say: (line: string) => void): Promise<readonly MissingServer[]> {
  const missing: MissingServer[] = []
  for (const [name, entry] of Object.entries(servers) as [Server, Entry][]) {
    let why = entry.why
    if (!entry.present()) {
      await entry.fetch?.(say).catch((error: Error) => (why = error.message))
    }
    if (!entry.present()) missing.push({ name, why, install: entry.install })
  }
  return missing
}
