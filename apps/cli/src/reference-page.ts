import { commands } from './commands/index.ts'
import { commandHelp, commonHelp, exitCodes } from './help.ts'

/** docs/reference/cli.md, made of the commands' own help. */
export function referencePage(): string {
  const sections = commands.map((each) => {
    const one = each.no === undefined ? '' : `\nExit code 1: ${each.no}.\n`
    return `## weir ${each.name}\n\n${block(commandHelp(each))}${one}`
  })
  return `# The \`weir\` command

Written by \`npm run reference -w @weir/cli\` from the help of the commands; do not edit.

In a clone it is \`npx weir …\`. In the sandbox, \`--as carol\` takes the place of a login.

${block(`${commonHelp()}\n${exitCodes()}`)}
${sections.join('\n')}`
}

function block(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`
}
