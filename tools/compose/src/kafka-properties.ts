/**
 * The broker settings that the apache/kafka image makes of its environment: `KAFKA_` is cut off, then `___` is a dash, `__` an underscore
 * and `_` a dot, in lower case (apache/kafka, docker/examples/README.md).
 */
export function kafkaProperties(environment: Readonly<Record<string, string>>): Record<string, string> {
  const properties: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('KAFKA_')) continue
    const property = name
      .slice('KAFKA_'.length)
      .toLowerCase()
      .replaceAll(/_{1,3}/g, (marks) => ['.', '_', '-'][marks.length - 1]!)
    properties[property] = value.trim()
  }
  return properties
}
