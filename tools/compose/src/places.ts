/**
 * What is different when the services run as processes on one machine and not in containers. This is the whole table:
 *
 * | in the compose file                         | here                                                   |
 * |---------------------------------------------|--------------------------------------------------------|
 * | `host:port`, `0.0.0.0:port` and `--port N`  | `127.0.0.1` and a free port, one for each port of each network |
 * | `/etc/weir`                                 | a copy of `deploy/`, its texts changed by this table   |
 * | `/var/lib/weir`                             | an empty folder                                        |
 * | `/opt/weir/<service>`                       | `dist/` of the service                                 |
 * | `/opt/kafka/bin`                            | `tools/kafka/bin`                                      |
 * | what the caller adds                        | see there                                              |
 *
 * Everything else, command lines and environment included, stays as it is written.
 */
export class Places {
  readonly #networks: Readonly<Record<string, Readonly<Record<number, number>>>>
  readonly #texts: readonly (readonly [container: string, here: string])[]

  /** `networks`: for each service that has a network of its own, its ports and those here. `texts` are replaced first, in this order. */
  constructor(options: {
    networks: Readonly<Record<string, Readonly<Record<number, number>>>>
    texts: readonly (readonly [container: string, here: string])[]
  }) {
    this.#networks = options.networks
    this.#texts = options.texts
  }

  /** A text of a service in the network `own`, with what is here in place of what is there. Throws for a port that nobody has. */
  translate(text: string, own: string): string {
    let here = text
    for (const [container, local] of this.#texts) here = here.replaceAll(container, local)
    return here.replaceAll(addressPattern, (whole, host: string, port: string) => {
      const network = isItself(host) ? own : host
      if (this.#networks[network] === undefined) return whole
      return `127.0.0.1:${this.port(network, Number(port))}`
    })
  }

  /** A command line; the value of `--port` is a port of the network `own`. */
  translateCommand(args: readonly string[], own: string): string[] {
    return args.map((arg, index) =>
      args[index - 1] === '--port' ? String(this.port(own, Number(arg))) : this.translate(arg, own),
    )
  }

  translateEnvironment(env: Readonly<Record<string, string | number>>, own: string): Record<string, string> {
    return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, this.translate(String(value), own)]))
  }

  port(network: string, port: number): number {
    const local = this.#networks[network]?.[port]
    if (local === undefined) throw new Error(`${network}:${port} is an address that no service of the compose file has`)
    return local
  }
}

const addressPattern = /(?<![\w.-])([a-z][a-z0-9-]*|\d+(?:\.\d+){3}):(\d{2,5})(?!\d)/g

function isItself(host: string): boolean {
  return host === '0.0.0.0' || host === '127.0.0.1' || host === 'localhost'
}
