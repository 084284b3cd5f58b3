import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaFolder } from '@weir/testing'

export const kafkaVersion = '4.3.1'

/** The clients' jar of the broker that the tests start. Only where `needs('kafka')` holds. */
export function readKafkaClientsJar(): Buffer {
  return readFileSync(join(kafkaFolder(), 'libs', `kafka-clients-${kafkaVersion}.jar`))
}
