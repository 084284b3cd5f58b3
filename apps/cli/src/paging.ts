import type { Context } from './command.ts'
import { integer, text } from './options.ts'

/** Options of every list that comes in pages. */
export const paging = {
  limit: integer('N', 'at most this many; default: 100, at most 1000'),
  cursor: text('CURSOR', 'go on where the page before ended: its `next`'),
}

export function sayNext(context: Context, next: string | undefined): void {
  if (next !== undefined && !context.json) context.say(`There is more: add --cursor ${next}`)
}
