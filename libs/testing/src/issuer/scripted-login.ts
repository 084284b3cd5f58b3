/** A login without a browser: follows redirects, keeps cookies, and sends every form it meets as the named person. */

/** More than any login takes; a loop ends here. */
const maxSteps = 20

/**
 * Takes an authorization URL, or the complete verification URL of a device flow, through the dev issuer's pages.
 * Resolves with the redirect that leaves the issuer (the client's, not fetched), or with the last page's own URL.
 * Throws when a page answers with an error or a complaint.
 */
export async function logInAs(person: string, url: string): Promise<URL> {
  const cookies = new Map<string, string>()
  const origin = new URL(url).origin
  let at = new URL(url)
  let form: URLSearchParams | undefined
  for (let step = 0; step < maxSteps; step++) {
    const response = await fetch(at, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    })
    keepCookies(cookies, response)
    const page = await response.text()
    if (response.status >= 400 || page.includes('role="alert"'))
      throw new Error(`${at.pathname} answered ${response.status}: ${page}`)
    form = undefined
    const location = response.headers.get('location')
    if (location !== null) {
      at = new URL(location, at)
      if (at.origin !== origin) return at
      continue
    }
    const action = /<form[^>]* action="([^"]*)"/.exec(page)?.[1]
    if (action === undefined) return at
    at = new URL(action, at)
    form = new URLSearchParams(hiddenFields(page))
    if (at.pathname.startsWith('/interaction/')) form.set('name', person)
  }
  throw new Error(`the login did not end after ${maxSteps} steps`)
}

function hiddenFields(page: string): [string, string][] {
  return [...page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
    / name="([^"]*)"/.exec(input)?.[1] ?? '',
    / value="([^"]*)"/.exec(input)?.[1] ?? '',
  ])
}

function keepCookies(cookies: Map<string, string>, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [name, value] = (line.split(';', 1)[0] as string).split('=') as [string, string]
    if (/expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name)
    else cookies.set(name, value)
  }
}
