/** Whether what goes to or comes from this host can cross a network. A name other than `localhost` can mean any address. */
export function isBeyondLoopback(host: string): boolean {
  return host !== 'localhost' && host !== '::1' && !/^127(\.\d{1,3}){3}$/.test(host)
}
