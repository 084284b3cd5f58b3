/**
 * What Kafka 4.4 states differently about versions that 4.3 knows too. None of it changes a byte on the wire. Our tables
 * follow the later statement, so it is applied to the earlier definitions before they are compared; otherwise the
 * difference in name would hide a difference in substance.
 */
import type { FieldDefinition, MessageDefinition } from './message-definitions.ts'

interface LaterStatement {
  readonly message: string
  readonly path: readonly string[]
  readonly states: Partial<FieldDefinition>
}

const laterStatements: readonly LaterStatement[] = [
  // v1 has the same name with 64 bits.
  {
    message: 'StreamsGroupHeartbeatResponse',
    path: ['AcceptableRecoveryLag'],
    states: { name: 'AcceptableRecoveryLagLegacy' },
  },
  { message: 'TxnOffsetCommitRequest', path: ['GenerationId'], states: { name: 'GenerationIdOrMemberEpoch' } },
  // v6 has the topic's id instead.
  { message: 'TxnOffsetCommitRequest', path: ['Topics', 'Name'], states: { ignorable: true } },
  { message: 'TxnOffsetCommitResponse', path: ['Topics', 'Name'], states: { ignorable: true } },
]

/** The definition as Kafka 4.4 states it. Throws when a statement no longer finds its field, or changes nothing. */
export function restate(message: MessageDefinition): MessageDefinition {
  return laterStatements
    .filter((statement) => statement.message === message.name)
    .reduce(
      (restated, { path, states }) => ({ ...restated, fields: restateField(restated.fields, path, states) }),
      message,
    )
}

function restateField(
  fields: readonly FieldDefinition[],
  [name, ...rest]: readonly string[],
  states: Partial<FieldDefinition>,
): FieldDefinition[] {
  const index = fields.findIndex((field) => field.name === name)
  const field = fields[index]
  if (field === undefined) throw new Error(`no field ${name} to restate`)
  if (rest.length > 0) return fields.with(index, { ...field, fields: restateField(field.fields ?? [], rest, states) })
  const restated = { ...field, ...states }
  if (JSON.stringify(restated) === JSON.stringify(field)) throw new Error(`field ${name} needs no restating`)
  return fields.with(index, restated)
}
