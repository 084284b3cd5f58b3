import { z } from 'zod'

const msPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const bytesPerUnit = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

const durationHint = 'must be a duration with its unit: 500ms, 20s, 15m, 4h or 7d'
const sizeHint = 'must be a size with its unit: 512B, 64KiB, 8MiB or 1GiB'

/** Bounds in the notation of the value itself. */
export type Bounds = { readonly min?: string; readonly max?: string }

/** `500ms`, `20s`, `15m`, `4h`, `7d` (whole numbers) → milliseconds. For a default use `.prefault('20s')`. */
export function duration(bounds: Bounds = {}) {
  return quantity(msPerUnit, durationHint, bounds, () => durationHint)
}

/** `512B`, `64KiB`, `8MiB`, `1GiB` (whole numbers) → bytes. For a default use `.prefault('64KiB')`. */
export function byteSize(bounds: Bounds = {}) {
  return quantity(bytesPerUnit, sizeHint, bounds, (text) => {
    const decimal = /^\d+\s*([kmg])b?$/i.exec(text)?.[1]
    return decimal === undefined ? sizeHint : `${sizeHint}; the units are powers of 1,024: ${decimal.toUpperCase()}iB`
  })
}

function quantity(
  units: Readonly<Record<string, number>>,
  hint: string,
  bounds: Bounds,
  explain: (text: string) => string,
) {
  const read = (text: string): number | undefined => {
    const [, digits, unit = ''] = /^(\d+)([A-Za-z]+)$/.exec(text) ?? []
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
    if (digits === undefined || factor === undefined) return undefined
    const amount = Number(digits) * factor
    return Number.isSafeInteger(amount) ? amount : undefined
  }
  const { min, max } = bounds
  const least = min === undefined ? 0 : read(min)
  const most = max === undefined ? Number.MAX_SAFE_INTEGER : read(max)
  if (least === undefined || most === undefined) throw new TypeError(`a bound ${hint}`)
  return z
    .codec(z.string({ error: hint }), z.number(), {
      decode: (text, context) => {
        const amount = read(text)
        if (amount !== undefined && amount >= least && amount <= most) return amount
        const message =
          amount === undefined ? explain(text) : amount < least ? `must be at least ${min}` : `must be at most ${max}`
        context.issues.push({ code: 'custom', message, input: text })
        return z.NEVER
      },
      encode: (amount) => write(units, amount),
    })
    .meta({ description: hint })
}

/** In the largest unit that leaves a whole number. */
function write(units: Readonly<Record<string, number>>, amount: number): string {
  let text = ''
  for (const [unit, factor] of Object.entries(units)) {
    if (text === '' || (amount !== 0 && amount % factor === 0)) text = `${amount / factor}${unit}`
  }
  return text
}
