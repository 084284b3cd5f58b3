import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '@weir/testing'
import type { TemporaryFolder } from '@weir/testing'
import { checkWalls } from '../src/walls.ts'

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder()
  write('package.json', { name: 'root', devDependencies: { vitest: '1.0.0' } })
  manifest('libs/kernel', { tags: ['layer:foundation'], dependencies: ['pino'] })
  manifest('libs/wire', { tags: ['layer:foundation', 'protocol:kafka'], dependencies: ['@weir/kernel'] })
  manifest('libs/policy', {
    tags: ['layer:domain'],
    dependencies: ['@weir/kernel'],
    devDependencies: ['@weir/testing'],
  })
  manifest('libs/identity', { tags: ['layer:domain'] })
  manifest('libs/guard', { tags: ['layer:edge'], dependencies: ['@weir/policy', '@weir/identity'] })
  manifest('libs/testing', { tags: ['layer:testing'], dependencies: ['@weir/kernel'] })
  manifest('apps/gateway', { tags: ['layer:app', 'protocol:kafka'], dependencies: ['@weir/guard', '@weir/wire'] })
  manifest('apps/control-plane', { tags: ['layer:app'], dependencies: ['pg', 'drizzle-orm'] })
  manifest('tools/bench', { tags: ['layer:tool'], dependencies: ['@weir/testing', '@weir/wire'] })
  write('libs/kernel/src/index.ts', `import pino from 'pino'\nexport const now = () => Date.now() || pino`)
  write(
    'libs/wire/src/index.ts',
    `import { crc32 } from 'node:zlib'\nimport { WeirError } from '@weir/kernel'\nexport { crc32, WeirError }`,
  )
  write('libs/policy/src/index.ts', `export { now } from '@weir/kernel'`)
  write(
    'libs/policy/src/index.test.ts',
    `import { test } from 'vitest'\nimport { needs } from '@weir/testing'\ntest('', needs)`,
  )
  write('libs/guard/src/index.ts', `export * from '@weir/policy'\nexport type * from '@weir/identity'`)
  write('libs/testing/src/index.ts', `export { now } from '@weir/kernel'`)
  write('apps/gateway/src/main.ts', `import '@weir/guard'\nconst wire = await import('@weir/wire')\nwire.crc32('')`)
  write('apps/control-plane/src/main.ts', `import 'pg'\nimport { sql } from 'drizzle-orm/sql'\nsql()`)
  write('tools/bench/src/main.ts', `import '@weir/testing'\nimport '@weir/wire'\nimport 'vitest'`)
})
afterEach(() => folder.remove())

test('a repository whose walls stand has no violations', () => {
  expect(checkWalls(folder.path)).toEqual([])
})

describe('layer', () => {
  test.each([[[]], [['scope:any']], [['layer:cellar']], [['layer:edge', 'layer:domain']]])('tags %j', (tags) => {
    manifest('libs/identity', { tags })
    expect(rules()).toEqual(['layer libs/identity/package.json:0'])
  })
})

describe('upward', () => {
  test.each([
    ['libs/kernel', '@weir/policy'],
    ['libs/kernel', '@weir/guard'],
    ['libs/policy', '@weir/guard'],
    ['libs/guard', '@weir/testing'],
    ['apps/gateway', '@weir/testing'],
    ['libs/testing', '@weir/tool-bench'],
  ])('%s importing %s', (project, target) => {
    declare(project, target)
    write(`${project}/src/planted.ts`, `\nimport { x } from '${target}'\nx()`)
    expect(rules()).toEqual([`upward ${project}/src/planted.ts:2`])
  })

  test('a test may import testing, and nothing else above it', () => {
    declare('libs/kernel', '@weir/testing', '@weir/policy')
    write('libs/kernel/test/deep/planted.ts', `import '@weir/testing'\nimport '@weir/policy'`)
    expect(rules()).toEqual(['upward libs/kernel/test/deep/planted.ts:2'])
  })
})

test('domain', () => {
  declare('libs/policy', '@weir/identity')
  write('libs/policy/src/planted.ts', `import type { Principal } from '@weir/identity'\nexport type P = Principal`)
  expect(rules()).toEqual(['domain libs/policy/src/planted.ts:1'])
})

describe('protocol', () => {
  test.each([[['layer:app', 'protocol:mqtt']], [['layer:app']]])(
    'an app with the tags %j importing a Kafka lib',
    (tags) => {
      manifest('apps/other', { tags, dependencies: ['@weir/wire'] })
      write('apps/other/src/main.ts', `export * from '@weir/wire'`)
      expect(rules()).toEqual(['protocol apps/other/src/main.ts:1'])
    },
  )
})

describe('undeclared', () => {
  test.each([
    ['an import', `import 'zod'`],
    ['an export', `export { z } from 'zod'`],
    ['a dynamic import', `await import('zod')`],
    ['a require', `require('zod')`],
    ['a type', `export type Z = import('zod').Z`],
    ['a subpath', `import 'zod/mini'`],
    ['a development dependency of the root', `import 'vitest'`],
  ])('%s', (_, text) => {
    write('libs/guard/src/planted.ts', text)
    expect(rules()).toEqual(['undeclared libs/guard/src/planted.ts:1'])
  })

  test('a program that takes from its development dependencies, unless types only', () => {
    manifest('libs/identity', { tags: ['layer:domain'], devDependencies: ['jose'] })
    write(
      'libs/identity/src/index.ts',
      `import type { Key } from 'jose'\nexport { verify } from 'jose'\nexport type K = Key`,
    )
    expect(rules()).toEqual(['undeclared libs/identity/src/index.ts:2'])
  })

  test('a declared dependency that nothing uses', () => {
    declare('libs/guard', 'zod', '@types/pg')
    expect(rules()).toEqual(['undeclared libs/guard/package.json:0'])
  })

  test('what stands in a comment or a string is no import', () => {
    write('libs/guard/src/planted.ts', `// import 'zod'\n/* export * from 'zod' */ export const text = "import 'zod'"`)
    expect(rules()).toEqual([])
  })
})

describe('relative', () => {
  test.each(['../../kernel/src/index.ts', '../../../package.json', '/etc/x.ts'])('%s', (specifier) => {
    write('libs/policy/src/planted.ts', `import x from '${specifier}'\nexport default x`)
    expect(rules()).toEqual(['relative libs/policy/src/planted.ts:1'])
  })
})

test('deep', () => {
  write('libs/policy/src/planted.ts', `import { now } from '@weir/kernel/src/clock.ts'\nnow()`)
  expect(rules()).toEqual(['deep libs/policy/src/planted.ts:1'])
})

describe('owned', () => {
  test.each(['pg', 'drizzle-orm'])('%s outside the control plane', (name) => {
    declare('tools/bench', name)
    write('tools/bench/src/planted.ts', `import '${name}'`)
    expect(rules()).toEqual(['owned tools/bench/src/planted.ts:1'])
  })
})

describe('codec', () => {
  test.each([
    `import { connect } from 'node:net'\nconnect(1)`,
    `import 'node:tls'`,
    `import 'node:fs/promises'`,
    `import 'node:http'`,
    `import 'node:timers/promises'`,
    `import { createLogger } from '@weir/kernel'\ncreateLogger()`,
    `export const t = Date.now()`,
    `setTimeout(() => {}, 1)`,
    `console.log(1)`,
    `export const env = process.env`,
  ])('%s', (text) => {
    write('libs/wire/src/planted.ts', text)
    expect(rules()).toEqual(['codec libs/wire/src/planted.ts:1'])
  })

  test('its tests may, and what only bears such a name is none', () => {
    write('libs/wire/src/planted.test.ts', `import 'node:net'\nconsole.log(Date.now())`)
    write('libs/wire/src/record.ts', `export const record = { Date: 1, fetch: 2 }\nrecord.fetch = record.Date`)
    write('libs/wire/src/fetch.ts', `const fetch = 1\nexport { fetch }`)
    write(
      'libs/wire/src/tables.ts',
      `import { fetch } from './fetch.ts'\nexport const use = (process: number) => [fetch, process]\nexport { fetch as other } from './fetch.ts'`,
    )
    expect(rules()).toEqual([])
  })
})

test('app', () => {
  declare('tools/bench', '@weir/gateway')
  write('tools/bench/test/planted.test.ts', `await import('@weir/gateway')`)
  expect(rules()).toEqual(['app tools/bench/test/planted.test.ts:1'])
})

test('a file that does not parse is not passed over', () => {
  write('libs/policy/src/planted.ts', `import { from`)
  expect(rules).toThrow('libs/policy/src/planted.ts does not parse')
})

function rules(): string[] {
  return checkWalls(folder.path).map(({ rule, file, line }) => `${rule} ${file}:${line}`)
}

type Declared = { tags: readonly string[]; dependencies?: readonly string[]; devDependencies?: readonly string[] }
const manifests = new Map<string, Declared>()

function manifest(project: string, declared: Declared): void {
  manifests.set(project, declared)
  const versions = (names: readonly string[] = []) => Object.fromEntries(names.map((name) => [name, '0.1.0']))
  const name = `@weir/${project.startsWith('tools/') ? 'tool-' : ''}${project.split('/')[1]}`
  const dependencies = versions(declared.dependencies)
  write(`${project}/package.json`, {
    name,
    dependencies,
    devDependencies: versions(declared.devDependencies),
    nx: { tags: declared.tags },
  })
}

function declare(project: string, ...names: string[]): void {
  const before = manifests.get(project)!
  manifest(project, { ...before, dependencies: [...(before.dependencies ?? []), ...names] })
}

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(folder.path, path)), { recursive: true })
  writeFileSync(join(folder.path, path), typeof content === 'string' ? content : JSON.stringify(content))
}
