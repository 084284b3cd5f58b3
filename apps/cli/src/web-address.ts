import { UsageError } from './failures.ts'

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * An http(s) URL without its trailing slash. Tokens travel to it, so plain http is for this machine only.
 * Throws UsageError; `what` names the address in its message.
 */
export function webAddress(given: string, what: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UsageError(`${what} must be a URL with https://, not "${given}"`)
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError(`${what} must be a plain URL, without user, query or fragment`)
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new UsageError(
      `${what} must use https: "${given}" is not on this machine, and plain http would show the token`,
    )
  }
  return url.href.replace(/\/$/, '')
}

export function isLoopback({ hostname }: URL): boolean {
  return loopback.has(hostname)
}
