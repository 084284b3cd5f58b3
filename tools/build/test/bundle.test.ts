import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runProcess, temporaryFolder } from '@weir/testing'
import type { TemporaryFolder } from '@weir/testing'
import { bundleApp } from '../src/bundle.ts'

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true })
    writeFileSync(join(folder.path, path), text)
  }
}

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const apps = readdirSync(join(repository, 'apps')).filter((name) =>
  existsSync(join(repository, 'apps', name, 'src', 'main.ts')),
)

test.each(apps)('the bundle of %s starts without node_modules', async (app) => {
  const file = await bundleApp(join(repository, 'apps', app), folder.path)
  const { code, stdout, stderr } = await runProcess(process.execPath, [file, '--help'])
  expect(stderr).toBe('')
  expect(stdout).toContain('Usage')
  expect(code).toBe(0)
})

test('a bundle runs alone, with the files that it reads beside it', async () => {
  write({
    'app/package.json':
      '{ "type": "module", "weir": { "build": { "copy": ["words", "dependency:data/number.txt"] } } }',
    'app/words/hello.txt': 'hello',
    'app/src/main.ts': `
      import { readFileSync } from 'node:fs'
      import { answer } from 'dependency'
      const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
      console.log(read('./words/hello.txt'), read('./number.txt'), answer as number, (await import('./later.ts')).later)`,
    'app/src/later.ts': `export const later: string = 'later'`,
    'node_modules/dependency/package.json': '{ "name": "dependency", "main": "index.cjs" }',
    'node_modules/dependency/index.cjs': `exports.answer = require('node:os').EOL.length && 42\ntry { require('pg-native') } catch {}`,
    'node_modules/dependency/data/number.txt': '7',
  })
  await bundleApp(join(folder.path, 'app'))
  const elsewhere = temporaryFolder()
  cpSync(join(folder.path, 'app', 'dist'), elsewhere.path, { recursive: true })
  expect(readdirSync(elsewhere.path).toSorted()).toEqual(['main.js', 'main.js.map', 'number.txt', 'words'])
  const { stdout, stderr } = await runProcess(process.execPath, [join(elsewhere.path, 'main.js')])
  expect(stderr).toBe('')
  expect(stdout).toBe('hello 7 42 later\n')
  elsewhere.remove()
})

test('an import that cannot be resolved fails the build', async () => {
  write({ 'app/package.json': '{ "type": "module" }', 'app/src/main.ts': `import 'not-installed'` })
  await expect(bundleApp(join(folder.path, 'app'))).rejects.toThrow(/not-installed/)
})

test('a file to copy that is not there fails the build', async () => {
  write({
    'app/package.json': '{ "type": "module", "weir": { "build": { "copy": ["absent:file"] } } }',
    'app/src/main.ts': 'console.log(1)',
  })
  await expect(bundleApp(join(folder.path, 'app'))).rejects.toThrow(/absent is not installed/)
})
