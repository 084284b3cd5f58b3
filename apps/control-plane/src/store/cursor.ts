import { WeirError } from '@weir/kernel'
import type { z } from 'zod'

/** Where a page ended: the sort key of its last row. Opaque to clients. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** Throws WEIR_INVALID_REQUEST: a cursor is only good for the list that gave it. */
export function decodeCursor<S extends z.ZodType>(cursor: string | undefined, key: S): z.output<S> | undefined {
  if (cursor === undefined) return undefined
  try {
    return key.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (error) {
    throw new WeirError('WEIR_INVALID_REQUEST', '`cursor` is not one that this list gave; start without it.', {
      cause: error,
    })
  }
}
