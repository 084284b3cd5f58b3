import { describe, expect, test } from 'vitest'
import { inspectFile } from '../src/rules.ts'

const found = (file: string, text: string) => inspectFile(file, text).map(({ line, message }) => `${line} ${message}`)
const lines = (count: number) => 'let x\n'.repeat(count)

test('a tidy file has no findings', () => {
  expect(found('libs/policy/src/decide.ts', lines(300))).toEqual([])
})

test.each([
  ['libs/policy/src/decide.ts', 301],
  ['libs/policy/src/decide.test.ts', 301],
  ['tools/bootstrap/run.mjs', 301],
  ['libs/kafka-protocol/src/messages/fetch.ts', 401],
])('%s with %i lines is too long', (file, count) => {
  expect(found(file, lines(count))).toEqual([`0 has ${count} lines; ${count - 1} are the limit`])
})

test('a document may be long', () => {
  expect(found('docs/long.md', lines(1000))).toEqual([])
})

describe('a function of more than 70 lines', () => {
  const body = `{\n${'x()\n'.repeat(69)}}`
  test.each([
    [`function long() ${body}`, '1 long'],
    [`\nconst long = () => ${body}`, '2 long'],
    [`class A {\n long() ${body}\n}`, '2 long'],
    [`const o = {\n long: function () ${body} }`, '2 long'],
    [`run(() => ${body})`, '1 a function'],
  ])('%#', (text, where) => {
    expect(found('libs/policy/src/a.ts', text)).toEqual([`${where} has 71 lines; 70 are the limit`])
  })

  test('is none when it frames a group of tests, but a test in it is one', () => {
    expect(found('libs/policy/src/a.test.ts', `describe('x', () => { test('y', () => {})\n${body} })`)).toEqual([])
    expect(
      found('libs/policy/test/contract.ts', `export function contract() { test('y', () => {})\n${body} }`),
    ).toEqual([])
    expect(found('libs/policy/src/a.test.ts', `describe('x', () => { test('y', () => ${body}) })`)).toHaveLength(1)
  })
})

test.each(['utils.ts', 'helpers.test.ts', 'common/index.ts', 'manager.ts'])('the name %s says nothing', (name) => {
  expect(found(`libs/policy/src/${name}`, '')).toHaveLength(1)
})

test.each(['TO' + 'DO: later', '# FIX' + 'ME'])('%s is unfinished', (text) => {
  expect(found('docs/page.md', `\n${text}`)).toEqual(['2 is marked as unfinished: finish it or write an issue'])
})

test.each(['/ho' + 'me/ann/x', `'/Us` + `ers/ann'/`, '`/ro' + 'ot/x`', '(/wo' + 'rk/x)', 'C:' + '\\x'])(
  '%s is of one machine',
  (text) => {
    expect(found('docs/page.md', text)).toEqual(['1 holds a path of one machine'])
  },
)

test.each(['https://example.org/ho' + 'me/x', './ro' + 'ot/x', 'src/wo' + 'rk/x', '/etc/weir/x'])(
  '%s is of none',
  (text) => {
    expect(found('docs/page.md', text)).toEqual([])
  },
)

test('a lock file that names a host', () => {
  expect(found('package-lock.json', '{\n"resolved": "https://registry.invalid/x.tgz" }')).toEqual([
    '2 names the host that served a package',
  ])
  expect(found('package-lock.json', '{ "resolved": "libs/policy", "link": true }')).toEqual([])
})

test('a lib that exports whatever there is', () => {
  expect(found('libs/policy/src/index.ts', `export * from './decide.ts'`)).toHaveLength(1)
  expect(found('libs/policy/src/index.ts', `export { decide } from './decide.ts'`)).toEqual([])
})
