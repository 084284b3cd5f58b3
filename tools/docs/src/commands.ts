/** A line of a shell block in a Markdown file, as it is to be typed. */
export type Command = { readonly line: number; readonly text: string }

/** The commands of all fenced blocks marked `sh`, continued lines joined, comments left out. */
export function commandsOf(markdown: string): Command[] {
  const commands: Command[] = []
  let inShell = false
  let pending: Command | undefined
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = /^\s*```(\w*)/.exec(text)
    if (fence !== null) {
      inShell = !inShell && fence[1] === 'sh'
      continue
    }
    const words = text.trim()
    if (!inShell || words === '' || words.startsWith('#')) continue
    const line: number = pending?.line ?? index + 1
    const joined: string = `${pending?.text ?? ''}${words.replace(/\\$/, '')}`
    pending = words.endsWith('\\') ? { line, text: joined } : undefined
    if (pending === undefined) commands.push({ line, text: joined })
  }
  return commands
}

/** The npm scripts that a command runs: `npm start` and `npm test` are scripts too. */
export function npmScriptsOf(command: string): string[] {
  return [...command.matchAll(/\bnpm (?:run(?: --silent)? ([\w:-]+)|(start|test)\b)/g)].map(
    (match) => (match[1] ?? match[2])!,
  )
}

/** The programs of this repository that a command names by their path. */
export function programsOf(command: string): string[] {
  return [...command.matchAll(/(?:^|[\s|(])((?:\.\/)?(?:tools|apps|deploy)\/[\w./-]+)/g)].map((match) => match[1]!)
}
