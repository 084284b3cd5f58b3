import type { AddressInfo, Server } from 'node:net'
import { WeirError } from './errors.ts'

/** Port 0: any free one. */
export type ListenAddress = { readonly host: string; readonly port: number }

/**
 * Opens `server` at an address and resolves to the port, which port 0 leaves to the system.
 * Throws WEIR_PORT_IN_USE: it names the address, `what` listens there and the `setting` that moves it.
 */
export function listen(server: Server, at: ListenAddress, what: string, setting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenFault(error, at, what, setting))
    server.once('error', fail)
    server.listen(at.port, at.host, () => {
      server.off('error', fail)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** For servers that listen by themselves: the fault that {@link listen} would throw for `error`. */
export function listenFault(error: NodeJS.ErrnoException, at: ListenAddress, what: string, setting: string): Error {
  if (error.code !== 'EADDRINUSE') return error
  const host = at.host.includes(':') ? `[${at.host}]` : at.host
  const message = `The address ${host}:${at.port} (${what}) is in use by another process; choose another in \`${setting}\`.`
  return new WeirError('WEIR_PORT_IN_USE', message, { cause: error })
}
