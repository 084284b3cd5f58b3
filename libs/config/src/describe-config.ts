import { stringify } from 'yaml'
import { z } from 'zod'

/**
 * The config as YAML, defaults filled in, secrets hidden. With its schema, durations, sizes and addresses are written as in the
 * file; without it, or where the schema transforms values beyond return, as the numbers that the process uses.
 */
export function describeConfig(config: unknown, schema?: z.ZodType): string {
  return stringify(schema === undefined ? config : asWritten(config, schema), { lineWidth: 0 })
}

function asWritten(config: unknown, schema: z.ZodType): unknown {
  try {
    return z.encode(schema, config)
  } catch (error) {
    if (error instanceof z.core.$ZodEncodeError) return config
    throw error
  }
}

/** The JSON Schema (draft 2020-12) of the file, for editors: unknown keys are refused there too. */
export function configSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.properties !== undefined) jsonSchema.additionalProperties ??= false
    },
  })
}
