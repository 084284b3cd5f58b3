import { errorCatalogue } from '@weir/kernel'
import { kafkaAnswers } from './kafka-answers.ts'

/** docs/reference/errors.md: the catalogue of codes, and what a Kafka client is answered. */
export function errorPage(): string {
  return `${[
    '# Errors',
    '',
    '<!-- Made by `npm run docs`; edits here are lost. -->',
    '',
    'A code never changes its meaning. It stands in logs (`code`), in the error body of the HTTP API, in the evidence of refused logins and',
    'in the output of `weir --json`. The text beside it says what happened, to what, and what to do; texts may change.',
    '',
    '| code | meaning |',
    '|---|---|',
    ...Object.entries(errorCatalogue).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
    '',
    '## What a Kafka client is answered',
    '',
    'Clients see errors of their own protocol. A refusal concerns the one topic, group or partition that it is about; the rest of the request goes on.',
    '',
    '| when | answer | what a Java client shows |',
    '|---|---|---|',
    ...kafkaAnswers.map(({ situation, answer, shown }) => `| ${situation} | ${answer} | ${shown} |`),
    '',
    'How other clients name these errors is in [connect/kafka.md](../connect/kafka.md#when-something-is-refused).',
  ].join('\n')}\n`
}
