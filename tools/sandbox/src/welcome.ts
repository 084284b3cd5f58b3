import { relative } from 'node:path'
import type { Sandbox } from './sandbox.ts'
import { people } from './people.ts'

/** What a person sees when all of it is up: a table, lines that work as they are, and where the rest is. */
export function welcome(sandbox: Sandbox): string {
  const { services, missing, ports, folders } = sandbox
  const width = Math.max(...services.map((service) => service.name.length)) + 2
  const clients = relative(process.cwd(), folders.clients)
  const file = (who: string) => `${clients}/${who}.kafka.properties`
  const bootstrap = `127.0.0.1:${ports.kafka}`
  const lines = [
    '',
    'Weir is up.',
    '',
    ...services.map(({ name, address }) => `  ${name.padEnd(width)}${address}`),
    `  ${'Apache Kafka'.padEnd(width)}127.0.0.1:${ports.broker}, for the gateway only`,
    '',
    'Write and read through the gateway, then ask who it was:',
    '',
    `  echo hello | tools/kafka/bin/kafka-console-producer --bootstrap-server ${bootstrap} --command-config ${file('alice')} --topic payments.orders`,
    `  tools/kafka/bin/kafka-console-consumer --bootstrap-server ${bootstrap} --command-config ${file('alice')} --group payments-app --topic payments.orders --from-beginning --max-messages 1`,
    `  npx weir evidence list --type kafka.consume --as carol`,
    '',
    `Refused, with Kafka's own error: the same as dave (${file('dave')}).`,
    '',
    'People:',
    ...people.map(({ subject, about }) => `  ${subject.padEnd(8)}${about}`),
    '',
    `Client files: ${clients}/   Policy (live when saved): ${relative(process.cwd(), folders.policy)}   Logs: ${relative(process.cwd(), folders.logs)}/`,
    ...missing.map((text) => `\nNot started: ${text}`),
    '',
    'Ctrl-C ends all of it.',
    '',
  ]
  return lines.join('\n')
}
