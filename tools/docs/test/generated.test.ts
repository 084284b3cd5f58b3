import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generatedPages } from '../src/pages.ts'
import { readText, root } from '../src/repository.ts'

test('the generated pages are those that the code makes now', async () => {
  const pages = await generatedPages(root)
  expect(pages.length).toBeGreaterThan(4)
  const stale = pages.filter(({ path, text }) => !existsSync(join(root, path)) || readText(path) !== text)
  expect(
    stale.map(({ path }) => path),
    'npm run docs writes them anew',
  ).toEqual([])
})
