import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from './commands/index.ts'
import { referencePage } from './reference-page.ts'

const written = new URL('../../../docs/reference/cli.md', import.meta.url)

test('docs/reference/cli.md is that of these commands: npm run reference -w @weir/cli', () => {
  expect(readFileSync(written, 'utf8')).toBe(referencePage())
})

test('it has a section for every command', () => {
  const titles = referencePage().match(/^## .*$/gm)
  expect(titles).toEqual(commands.map(({ name }) => `## weir ${name}`))
})
