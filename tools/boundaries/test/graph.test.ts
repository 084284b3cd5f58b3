import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '@weir/testing'
import type { TemporaryFolder } from '@weir/testing'
import { checkGraph } from '../src/graph.ts'

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder()
  symlinkSync(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder.path, 'node_modules'))
  writeFileSync(join(folder.path, 'nx.json'), '{ "neverConnectToCloud": true, "analytics": false }')
  write('.', { name: 'planted', workspaces: ['libs/*'] })
  write('libs/low', { name: '@planted/low', version: '0.1.0' })
})
afterEach(() => folder.remove())

function write(path: string, manifest: object): void {
  mkdirSync(join(folder.path, path), { recursive: true })
  writeFileSync(join(folder.path, path, 'package.json'), JSON.stringify(manifest))
}

const messages = () => checkGraph(folder.path).map(({ rule, file, message }) => `${rule} ${file} ${message}`)

test('what is declared is what Nx follows, also when it is started and not imported', () => {
  write('libs/starter', { name: '@planted/starter', nx: { implicitDependencies: ['@planted/low'] } })
  write('libs/high', { name: '@planted/high', version: '0.1.0', dependencies: { '@planted/low': '0.1.0' } })
  expect(messages()).toEqual([])
})

test('a version that the package does not have leaves Nx without the edge', () => {
  write('libs/high', { name: '@planted/high', version: '0.1.0', dependencies: { '@planted/low': '0.2.0' } })
  expect(messages()).toEqual(['graph libs/high/package.json Nx has no edge to @planted/low, which is declared'])
})

test('an edge that Nx follows and nobody declared', () => {
  write('libs/high', { name: '@planted/high', version: '0.1.0' })
  writeFileSync(join(folder.path, 'libs/high/project.json'), '{ "implicitDependencies": ["@planted/low"] }')
  expect(messages()).toEqual(['graph libs/high/package.json Nx has an edge to @planted/low, which is not declared'])
})

test('a package that Nx does not know', () => {
  write('tools/lost', { name: '@planted/lost', version: '0.1.0' })
  expect(messages()).toEqual(['graph tools/lost/package.json Nx does not know @planted/lost'])
})
