import { spawn } from 'node:child_process'

/**
 * Tries to show a page, and does not mind when there is no browser: the address is also printed. BROWSER names a program
 * to open it with; when it is set and empty, none is opened.
 */
export function openBrowser(url: URL, env: Readonly<Record<string, string | undefined>>): void {
  // The address comes from an issuer; other schemes start other programs.
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return
  const [program, ...args] = browserCommand(env)
  if (program === undefined) return
  const child = spawn(program, [...args, url.href], { detached: true, stdio: 'ignore' })
  child.once('error', () => undefined)
  child.unref()
}

function browserCommand(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const named = env['BROWSER']
  if (named !== undefined) return named === '' ? [] : [named]
  if (process.platform === 'darwin') return ['open']
  // `start` is part of cmd, which reads & in an address as its own.
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return ['xdg-open']
}
