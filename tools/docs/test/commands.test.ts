import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandsOf, npmScriptsOf, programsOf } from '../src/commands.ts'
import { manifests, markdownFiles, readText, root } from '../src/repository.ts'

const commands = markdownFiles().flatMap((file) => commandsOf(readText(file)).map((command) => ({ file, ...command })))

test('every npm script that a page names exists', () => {
  const scripts = new Set(manifests().flatMap(({ scripts: own = {} }) => Object.keys(own)))
  const missing = commands.flatMap(({ file, line, text }) =>
    npmScriptsOf(text)
      .filter((script) => !scripts.has(script))
      .map((script) => `${file}:${line}: npm run ${script}`),
  )
  expect(commands.filter(({ text }) => npmScriptsOf(text).length > 0).length).toBeGreaterThan(3)
  expect(missing).toEqual([])
})

test('every program that a page names by its path exists', () => {
  const missing = commands.flatMap(({ file, line, text }) =>
    programsOf(text)
      .filter((program) => !existsSync(join(root, program)))
      .map((program) => `${file}:${line}: ${program}`),
  )
  expect(commands.filter(({ text }) => programsOf(text).length > 0).length).toBeGreaterThan(1)
  expect(missing).toEqual([])
})

test('commands are the lines of shell blocks, continued ones joined', () => {
  const page = '```sh\n# says hello\nnpm run a -- \\\n  --b\n```\nnpm run c\n```yaml\nnpm: run d\n```\n'
  expect(commandsOf(page)).toEqual([{ line: 3, text: 'npm run a -- --b' }])
})

test('scripts and programs are read out of a command', () => {
  expect(npmScriptsOf('npm start -- --port-base 1 && npm run --silent tidy; npm test | npm ci')).toEqual([
    'start',
    'tidy',
    'test',
  ])
  expect(programsOf('echo x | tools/kafka/bin/kafka-topics --config .sandbox/tools/x.properties')).toEqual([
    'tools/kafka/bin/kafka-topics',
  ])
})
