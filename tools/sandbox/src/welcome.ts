import { join, relative } from 'node:path'
import type { Sandbox } from './sandbox.ts'
import { people } from './people.ts'

/** What a person sees when all of it is up: a table, lines that work as they are, and where the rest is. */
export function welcome(sandbox: Sandbox): string {
  const { services, missing, ports, folders } = sandbox
  const hasKafka = sandbox.parts.kafka !== undefined
  const addresses = services.map(({ name, address }) => [name, address] as const)
  if (hasKafka) addresses.push(['Apache Kafka', `127.0.0.1:${ports.broker}, for the gateway only`])
  const width = Math.max(...addresses.map(([name]) => name.length)) + 2
  const here = (path: string) => relative(process.cwd(), path)
  const lines = [
    '',
    missing.length === 0 ? 'Weir is up.' : 'Weir is up in part.',
    '',
    ...addresses.map(([name, address]) => `  ${name.padEnd(width)}${address}`),
    ...(hasKafka ? kafkaLines(sandbox) : []),
    '',
    'People:',
    ...people.map(({ subject, about }) => `  ${subject.padEnd(8)}${about}`),
    '',
    `Client files: ${here(folders.clients)}/   Policy (live when saved): ${here(folders.policy)}   Logs: ${here(folders.logs)}/`,
    ...missing.map((text) => `\nNot started: ${text}`),
    '',
    'Ctrl-C ends all of it.',
    '',
  ]
  return lines.join('\n')
}

/** Lines to copy, as the shell takes them in the folder that the sandbox was started in. */
function kafkaLines({ ports, folders }: Sandbox): string[] {
  const file = (who: string) => word(relative(process.cwd(), join(folders.clients, `${who}.kafka.properties`)))
  const to = `--bootstrap-server 127.0.0.1:${ports.kafka} --command-config`
  // The command finds the default folder by itself.
  const isDefault = folders.root === join(process.cwd(), '.sandbox')
  const weir = isDefault ? 'npx weir' : `WEIR_SANDBOX=${word(relative(process.cwd(), folders.root))} npx weir`
  return [
    '',
    'Write and read through the gateway, then ask who it was:',
    '',
    `  echo hello | tools/kafka/bin/kafka-console-producer ${to} ${file('alice')} --topic payments.orders`,
    `  tools/kafka/bin/kafka-console-consumer ${to} ${file('alice')} --group payments-app --topic payments.orders --from-beginning --max-messages 1`,
    `  ${weir} evidence list --type kafka.consume --as carol`,
    '',
    `Refused, with Kafka's own error: the same as dave (${file('dave')}).`,
  ]
}

function word(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
