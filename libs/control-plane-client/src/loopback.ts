/** Whether the URL names this machine itself, so that what is sent there crosses no network. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(url.hostname)
}

/** Whether what is sent there can be read on its way: http beyond loopback. */
export function isExposed(url: URL): boolean {
  return url.protocol !== 'https:' && !isLoopback(url)
}
