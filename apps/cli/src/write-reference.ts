/** Writes docs/reference/cli.md anew: `npm run reference -w @weir/cli`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { referencePage } from './reference-page.ts'

const target = new URL('../../../docs/reference/cli.md', import.meta.url)
mkdirSync(new URL('.', target), { recursive: true })
writeFileSync(target, referencePage())
