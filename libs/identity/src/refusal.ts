import type { Refusal } from '@weir/contracts'
import type { WeirErrorCode } from '@weir/kernel'

export function refuse(code: WeirErrorCode, reason: string): Refusal {
  return { refused: true, code, reason }
}

/** A value that came from outside, for a reason's text: quoted, without control characters, and not long. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
}
