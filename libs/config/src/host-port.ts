import { z } from 'zod'

/** Where something listens. An IPv6 address stands without its brackets. */
export type HostPort = { readonly host: string; readonly port: number }

const hint = 'must be host:port, e.g. 127.0.0.1:9092 or [::1]:9092'

/** `127.0.0.1:9092`, `broker.example:9092`, `[::1]:9092` → host (without brackets) and port. Port 0: any free port. */
export function hostPort() {
  return z
    .codec(z.string({ error: hint }), z.object({ host: z.string(), port: z.number() }), {
      decode: (text, context) => {
        const [, bracketed, plain, port = ''] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]@]+)):(\d{1,5})$/.exec(text) ?? []
        const host = bracketed ?? plain
        if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) }
        const message = host === undefined ? hint : 'must have a port from 0 to 65535'
        context.issues.push({ code: 'custom', message, input: text })
        return z.NEVER
      },
      encode: ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
    })
    .meta({ description: hint })
}
