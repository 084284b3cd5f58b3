/** The pages people see: plain HTML that works without scripts. */

export function loginPage(options: { action: string; people: readonly string[]; problem?: string }): string {
  const buttons = options.people
    .map((name) => `<button name="name" value="${escape(name)}">${escape(name)}</button>`)
    .join('\n')
  return page(
    'Who are you?',
    `${alert(options.problem)}<p>This issuer is for development: it asks for a name only.</p>
<form method="post" action="${escape(options.action)}">${buttons}</form>`,
  )
}

export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escape(text)}</p>`)
}

/** Asks for the code a device shows. `form` is the provider's own, with its token against forged requests. */
export function deviceCodePage(form: string, problem: string | undefined): string {
  const prompt = '<p>Enter the code that the other program shows.</p>'
  return page('Log in another program', `${alert(problem)}${prompt}${form}${submit('op.deviceInputForm', 'Continue')}`)
}

function alert(problem: string | undefined): string {
  return problem === undefined ? '' : `<p role="alert">${escape(problem)}</p>`
}

export function deviceConfirmPage(form: string, client: string, userCode: string): string {
  return page(
    'Is this your code?',
    `<p>${escape(client)} shows the code <strong>${escape(userCode)}</strong>?</p>${form}${submit('op.deviceConfirmForm', 'Yes, log it in')}`,
  )
}

function submit(form: string, label: string): string {
  return `<button form="${form}">${label}</button>`
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 4rem auto; padding: 0 1rem }
button { font: inherit; padding: 0.3rem 1rem; margin: 0 0.5rem 0.5rem 0 }</style>
<h1>${title}</h1>
${body}
</html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
