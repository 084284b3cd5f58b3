// Writes the generated pages of docs/reference anew: `npm run docs`. A test fails while one of them is stale.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedPages } from './pages.ts'

const root = join(import.meta.dirname, '..', '..', '..')
for (const { path, text } of await generatedPages(root)) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  console.log(path)
}
