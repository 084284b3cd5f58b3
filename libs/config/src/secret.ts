import { inspect } from 'node:util'
import { z } from 'zod'

/** A text that shows itself only when asked to: not in JSON, logs, string templates or `--print-config`. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toJSON(): '***' {
    return '***'
  }

  toString(): '***' {
    return '***'
  }

  [inspect.custom](): '***' {
    return '***'
  }
}

/** A text that must not be empty → {@link Secret}. */
export function secret() {
  return z
    .codec(z.string().min(1), z.instanceof(Secret), {
      decode: (text) => new Secret(text),
      encode: () => '***',
    })
    .meta({ description: 'A secret; best given as ${file:/run/secrets/name} or ${NAME}.' })
}
