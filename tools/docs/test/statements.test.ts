import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { manifests, markdownFiles, readText, root } from '../src/repository.ts'

/** First cells of a Markdown table's rows, without their backticks. */
function firstCells(markdown: string, pattern: RegExp): string[] {
  return markdown.split('\n').flatMap((line) => pattern.exec(line)?.[1] ?? [])
}

test('the table of dependencies names exactly those that the manifests have', () => {
  const used = new Set(
    manifests()
      .flatMap((manifest) => [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies])
      .flatMap((group) => Object.keys(group ?? {}))
      .filter((name) => !name.startsWith('@weir/')),
  )
  const told = firstCells(readText('docs/adr/0010-dependencies.md'), /^\| `([^`]+)`\s*\|/)
  expect(told.toSorted()).toEqual([...used].toSorted())
})

test('the list of decisions is complete', () => {
  const pages = readdirSync(join(root, 'docs', 'adr')).filter((name) => /^\d{4}-/.test(name))
  const told = firstCells(readText('docs/adr/README.md'), /^\| \[\d{4}\]\(([^)]+)\)/)
  expect(told).toEqual(pages.toSorted())
})

test('the table of served Kafka APIs is that of the enforcements', () => {
  const folder = 'apps/kafka-gateway/src/enforcement'
  const served = readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => [...readText(`${folder}/${name}`).matchAll(/\bapi: (\w+),\s+versions: \[(\d+), (\d+)\]/g)])
    .map(([, api, from, to]) => `${api} ${from}–${to}`.toLowerCase())
  const rows = readText('docs/reference/kafka.md').matchAll(/^\| (\w+) \| (\d+)(?:–(\d+))? \|/gm)
  const told = [...rows].map(([, api, from, to]) => `${api} ${from}–${to ?? from}`.toLowerCase())
  const own = new Set(['apiversions', 'saslhandshake', 'saslauthenticate'])
  expect(served.length).toBeGreaterThan(20)
  expect(told.filter((row) => !own.has(row.split(' ')[0]!)).toSorted()).toEqual(served.toSorted())
})

test('every metric that a page names is one of the code', () => {
  const told = new Set(
    markdownFiles().flatMap((file) => [...readText(file).matchAll(/`(weir_[a-z_]+)`/g)].map((match) => match[1]!)),
  )
  expect(told.size).toBeGreaterThan(10)
  const isInCode = (metric: string) =>
    spawnSync('git', ['grep', '--quiet', '--fixed-strings', `'${metric}'`, '--', '*.ts'], { cwd: root }).status === 0
  expect([...told].filter((metric) => !isInCode(metric))).toEqual([])
})
