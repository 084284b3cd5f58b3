import { randomUUIDv7 } from 'node:crypto'

/** A new identifier that sorts by time (UUIDv7, RFC 9562 §5.7), with a readable prefix: `ses_0198…`. */
export function newId(prefix: string): string {
  return `${prefix}_${randomUUIDv7().replaceAll('-', '')}`
}
