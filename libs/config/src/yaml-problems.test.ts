import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { hostPort } from './host-port.ts'
import { locateYaml } from './located-yaml.ts'
import { nearest } from './nearest.ts'
import { problemLines } from './problem.ts'
import { secret } from './secret.ts'
import { byteSize, duration } from './units.ts'
import { yamlProblems } from './yaml-problems.ts'

function linesOf(schema: z.ZodType, text: string): string[] {
  return problemLines(yamlProblems(schema, locateYaml(text, 'f.yaml')).problems, 'f.yaml')
}

const schema = z.object({
  name: z.string(),
  bind: hostPort().optional(),
  limit: byteSize({ min: '1KiB', max: '1MiB' }).optional(),
  hold: duration({ min: '1s', max: '1h' }).optional(),
  password: secret().optional(),
  level: z.enum(['debug', 'info']).optional(),
  count: z.int().min(1).max(9).multipleOf(3).optional(),
  ratio: z.number().gt(0).lt(1).optional(),
  on: z.boolean().optional(),
  ids: z.array(z.string().max(3)).min(1).max(2).optional(),
  nested: z.object({ deep: z.object({ key: z.string() }) }).optional(),
  only: z.literal('this').optional(),
  names: z.record(z.string(), z.object({ port: z.int() })).optional(),
  tls: z
    .discriminatedUnion('mode', [
      z.object({ mode: z.literal('off') }),
      z.object({ mode: z.literal('files'), certificate: z.string() }),
    ])
    .optional(),
  either: z.union([z.string(), z.array(z.string())]).optional(),
  url: z.url().optional(),
  even: z
    .int()
    .refine((value) => value % 2 === 0, { error: 'must be even' })
    .optional(),
})

describe('a problem says where, what and what was probably meant', () => {
  test.each([
    ['', 'f.yaml:1:1: the file must be a map, but is empty'],
    ['text', 'f.yaml:1:1: the file must be a map, not a text'],
    ['[]', 'f.yaml:1:1: the file must be a map, not a list'],
    ['on: true', 'f.yaml:1:1: name: is required'],
    ['name:', 'f.yaml:1:6: name: must be a text, but is empty'],
    ['name: 12', 'f.yaml:1:7: name: must be a text, not a number; put it in quotes'],
    ['name: true', 'f.yaml:1:7: name: must be a text, not true or false; put it in quotes'],
    ['name: {}', 'f.yaml:1:7: name: must be a text, not a map'],
    ['name: x\nbnid: y', 'f.yaml:2:1: unknown key "bnid" (did you mean "bind"?)'],
    ['name: x\nzzzzzz: y', 'f.yaml:2:1: unknown key "zzzzzz"'],
    [
      'name: x\nnested:\n  deep: { key: a, kye: b }',
      'f.yaml:3:19: nested.deep: unknown key "kye" (did you mean "key"?)',
    ],
    ['name: x\nnames:\n  a: { porte: 1, port: 1 }', 'f.yaml:3:8: names.a: unknown key "porte" (did you mean "port"?)'],
    ['name: x\nnested: {}', 'f.yaml:2:9: nested.deep: is required'],
    ['name: x\nbind: 127.0.0.1', 'f.yaml:2:7: bind: must be host:port, e.g. 127.0.0.1:9092 or [::1]:9092'],
    ['name: x\nbind: ::1:80', 'f.yaml:2:7: bind: must be host:port, e.g. 127.0.0.1:9092 or [::1]:9092'],
    ['name: x\nbind: a:65536', 'f.yaml:2:7: bind: must have a port from 0 to 65535'],
    ['name: x\nbind: 9092', 'f.yaml:2:7: bind: must be host:port, e.g. 127.0.0.1:9092 or [::1]:9092'],
    [
      'name: x\nlimit: 4KB',
      'f.yaml:2:8: limit: must be a size with its unit: 512B, 64KiB, 8MiB or 1GiB; the units are powers of 1,024: KiB',
    ],
    ['name: x\nlimit: 4096', 'f.yaml:2:8: limit: must be a size with its unit: 512B, 64KiB, 8MiB or 1GiB'],
    ['name: x\nlimit: 2MiB', 'f.yaml:2:8: limit: must be at most 1MiB'],
    ['name: x\nlimit: 1B', 'f.yaml:2:8: limit: must be at least 1KiB'],
    ['name: x\nhold: 20', 'f.yaml:2:7: hold: must be a duration with its unit: 500ms, 20s, 15m, 4h or 7d'],
    ['name: x\nhold: 1.5h', 'f.yaml:2:7: hold: must be a duration with its unit: 500ms, 20s, 15m, 4h or 7d'],
    ['name: x\nhold: -1s', 'f.yaml:2:7: hold: must be a duration with its unit: 500ms, 20s, 15m, 4h or 7d'],
    ['name: x\nhold: 0s', 'f.yaml:2:7: hold: must be at least 1s'],
    ['name: x\nhold: 7d', 'f.yaml:2:7: hold: must be at most 1h'],
    ['name: x\npassword: ""', 'f.yaml:2:11: password: must not be empty'],
    ['name: x\nlevel: inof', 'f.yaml:2:8: level: must be one of debug, info (did you mean "info"?)'],
    ['name: x\nlevel: loud', 'f.yaml:2:8: level: must be one of debug, info'],
    ['name: x\nonly: that', 'f.yaml:2:7: only: must be this'],
    ['name: x\ncount: 0', 'f.yaml:2:8: count: must be at least 1'],
    ['name: x\ncount: 12', 'f.yaml:2:8: count: must be at most 9'],
    ['name: x\ncount: 4', 'f.yaml:2:8: count: must be a multiple of 3'],
    ['name: x\ncount: 1.5', 'f.yaml:2:8: count: must be a whole number'],
    ['name: x\ncount: many', 'f.yaml:2:8: count: must be a number, not a text'],
    ['name: x\nratio: 0', 'f.yaml:2:8: ratio: must be more than 0'],
    ['name: x\nratio: 1', 'f.yaml:2:8: ratio: must be less than 1'],
    ['name: x\non: yes', 'f.yaml:2:5: on: must be true or false, not a text'],
    ['name: x\nids: []', 'f.yaml:2:6: ids: must not be empty'],
    ['name: x\nids: [a, b, c]', 'f.yaml:2:6: ids: must have at most 2 entries'],
    ['name: x\nids:\n  - a\n  - long', 'f.yaml:4:5: ids[1]: must have at most 3 characters'],
    ['name: x\nids: a', 'f.yaml:2:6: ids: must be a list, not a text'],
    ['name: x\ntls: {}', 'f.yaml:2:6: tls.mode: is required'],
    ['name: x\ntls: { mode: of }', 'f.yaml:2:14: tls.mode: must be one of off, files'],
    ['name: x\ntls: { mode: file }', 'f.yaml:2:14: tls.mode: must be one of off, files (did you mean "files"?)'],
    ['name: x\ntls: { mode: files }', 'f.yaml:2:6: tls.certificate: is required'],
    [
      'name: x\ntls: { mode: files, certificat: a, certificate: b }',
      'f.yaml:2:21: tls: unknown key "certificat" (did you mean "certificate"?)',
    ],
    ['name: x\ntls: { mode: off, certificate: b }', 'f.yaml:2:19: tls: unknown key "certificate"'],
    ['name: x\neither: 3', 'f.yaml:2:9: either: must be a text or a list, not a number'],
    ['name: x\neither: [a, 3]', 'f.yaml:2:13: either[1]: must be a text, not a number; put it in quotes'],
    ['name: x\nurl: nowhere', 'f.yaml:2:6: url: does not have the form of a URL'],
    ['name: x\neven: 3', 'f.yaml:2:7: even: must be even'],
  ])('%j', (text, expected) => {
    expect(linesOf(schema, text)).toEqual([expected])
  })

  test('all problems at once, in the order of the file', () => {
    expect(linesOf(schema, 'hold: 7d\nnmae: x\ncount: 0')).toEqual([
      'f.yaml:1:1: name: is required',
      'f.yaml:1:7: hold: must be at most 1h',
      'f.yaml:2:1: unknown key "nmae" (did you mean "name"?)',
      'f.yaml:3:8: count: must be at least 1',
    ])
  })

  test('a value without problems comes out as the schema makes it', () => {
    const { value, problems } = yamlProblems(schema, locateYaml('name: x\nhold: 15m\nbind: "[::1]:0"', 'f.yaml'))
    expect(problems).toEqual([])
    expect(value).toEqual({ name: 'x', hold: 900_000, bind: { host: '::1', port: 0 } })
  })

  test('an inherited name is no known key', () => {
    expect(linesOf(schema, 'name: x\nconstructor: y')).toEqual(['f.yaml:2:1: unknown key "constructor"'])
    expect(linesOf(schema, 'name: x\n__proto__: y')).toEqual(['f.yaml:2:1: unknown key "__proto__"'])
  })

  test('a schema whose keys cannot be known is refused', () => {
    const hidden = z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() }))
    expect(() => linesOf(hidden, 'a: x\nb: y')).toThrow(TypeError)
  })
})

describe('text that is not YAML', () => {
  test.each([
    [
      'a: [1',
      'f.yaml:1:6: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ["a: 'x", "f.yaml:1:6: not valid YAML: Missing closing 'quote"],
    ['a: b: c', /^f\.yaml:1:4: a second map or list starts on this line/],
    ['a: 1\na: 2', 'f.yaml:2:1: the key appears twice in this map'],
    ['a:\n\tb: 1', 'f.yaml:2:1: the line is indented by a tab; use spaces'],
    ['a: @b', 'f.yaml:1:4: a value cannot start with this character; put it in quotes'],
    [
      'a: "\\q"',
      'f.yaml:1:5: the escape is not known in double quotes; write \\\\ for a backslash, or use single quotes',
    ],
    ['--- a\n--- b', 'f.yaml:2:1: the file holds more than one YAML document (---)'],
    ['? [a]\n: b', 'f.yaml:1:3: a key must be a text'],
    ['a: &x [*x]', 'f.yaml:1:8: the alias stands inside of what it refers to'],
  ])('%#: %s', (text, expected) => {
    const lines = linesOf(z.unknown(), text)
    expect(lines).toHaveLength(1)
    if (expected instanceof RegExp) expect(lines[0]).toMatch(expected)
    else expect(lines[0]).toBe(expected)
  })

  test('nesting without end is refused', () => {
    expect(linesOf(z.unknown(), '['.repeat(10_000))).toEqual([expect.stringMatching(/the YAML is nested too deeply/)])
  })

  test('aliases that multiply are refused', () => {
    const rows = Array.from({ length: 12 }, (_, row) => `a${row}: &a${row} [${`*a${row - 1}, `.repeat(9)}]`)
    expect(linesOf(z.unknown(), ['a: &a-1 [x]', ...rows].join('\n'))).toEqual([
      'f.yaml:1:1: the YAML is nested too deeply or repeats too much by aliases',
    ])
  })

  test.each(['password: *swordfish', 'password: !swordfish', 'password: %swordfish', 'password: |swordfish'])(
    'a password without its quotes is in no message: %s',
    (text) => {
      const lines = linesOf(schema, text)
      expect(lines).toHaveLength(1)
      expect(lines.join()).not.toContain('swordfish')
    },
  )

  test('any text is answered, never thrown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const located = locateYaml(text, 'f.yaml')
        expect(located.value === undefined || located.problems.length === 0).toBe(true)
        for (const { line, column } of located.problems) expect(line > 0 && column > 0).toBe(true)
      }),
    )
  })
})

describe('nearest', () => {
  test.each([
    ['bootstap', 'bootstrap'],
    ['holdMs', 'hold_ms'],
    ['LIMIT', 'limit'],
    ['tiemout', 'timeout'],
    ['xy', undefined],
    ['completely', undefined],
  ])('%s → %s', (word, expected) => {
    expect(nearest(word, ['bootstrap', 'hold_ms', 'limit', 'timeout', 'a'])).toBe(expected)
  })
})
