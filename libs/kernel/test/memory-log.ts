import { Writable } from 'node:stream'

/** A destination for a logger, and the lines that were written to it. */
export function memoryLog() {
  const lines: Record<string, unknown>[] = []
  const destination = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>)
      done()
    },
  })
  return { destination, lines }
}
