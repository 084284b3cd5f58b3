import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '@weir/testing'
import { anchorsOf, brokenLinks, linksOf } from '../src/links.ts'
import { markdownFiles, root } from '../src/repository.ts'

test('every link of every page leads somewhere', () => {
  const files = markdownFiles()
  expect(files).toContain('README.md')
  expect(brokenLinks(root, files)).toEqual([])
})

test('a missing file, a missing heading and a way out are found', () => {
  const folder = temporaryFolder()
  try {
    mkdirSync(join(folder.path, 'docs'))
    writeFileSync(join(folder.path, 'docs', 'b.md'), '# A heading, twice\n## A heading, twice\n')
    const links = [
      'docs/b.md',
      'docs/b.md#a-heading-twice-1',
      '#here',
      'https://example.org/',
      'docs/c.md',
      'docs/b.md#no',
      '../x.md',
    ]
    writeFileSync(join(folder.path, 'a.md'), `# Here\n${links.map((link) => `[x](${link})`).join('\n')}\n`)
    expect(brokenLinks(folder.path, ['a.md']).map(({ line, target }) => [line, target])).toEqual([
      [6, 'docs/c.md'],
      [7, 'docs/b.md#no'],
      [8, '../x.md'],
    ])
  } finally {
    folder.remove()
  }
})

test('code is not searched for links', () => {
  expect(linksOf('`[a](b)`\n```\n[a](b)\n```\n[c](d "title") and [e]\n\n[e]: f\n')).toEqual([
    { line: 5, target: 'd' },
    { line: 7, target: 'f' },
  ])
})

test('anchors are those that GitHub makes', () => {
  expect([...anchorsOf('# `npm start`, and then?\n## What Weir is\n```\n# no heading\n```')]).toEqual([
    'npm-start-and-then',
    'what-weir-is',
  ])
})
