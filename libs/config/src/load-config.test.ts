import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { WeirError } from '@weir/kernel'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { configSchema, describeConfig } from './describe-config.ts'
import { hostPort } from './host-port.ts'
import { loadConfig } from './load-config.ts'
import { Secret, secret } from './secret.ts'
import { byteSize, duration } from './units.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const schema = z.object({
  admin: z.object({ bind: hostPort() }),
  password: secret().optional(),
  port: z.int().optional(),
  on: z.boolean().optional(),
  text: z.string().optional(),
  level: z.enum(['debug', 'info']).optional(),
  hold: duration().prefault('20s'),
  limit: byteSize().prefault('1536KiB'),
  brokers: z.array(hostPort()).optional(),
})

function load(text: string, env: Record<string, string> = {}): z.output<typeof schema> {
  return loadConfig({ path: write('app.yaml', `admin: { bind: "127.0.0.1:0" }\n${text}`), schema, env })
}

function failure(text: string, env: Record<string, string> = {}): string {
  try {
    load(text, env)
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError)
    expect((error as WeirError).code).toBe('WEIR_CONFIG_INVALID')
    return (error as WeirError).message.replaceAll(`${folder}/`, '')
  }
  throw new Error('the config was accepted')
}

describe('what comes from outside the file', () => {
  test('environment variables and files are put in, once, and $${ is a plain ${', () => {
    write('secret.txt', 'swordfish\n')
    write('two-lines.txt', 'a\n\n')
    expect(load('password: ${file:secret.txt}').password?.reveal()).toBe('swordfish')
    expect(load(`text: \${file:${folder}/two-lines.txt}`).text).toBe('a\n')
    expect(load('text: a-${A}-${B}', { A: '${B}', B: 'x: [y]' }).text).toBe('a-${B}-x: [y]')
    expect(load('text: $${A} $$ $A').text).toBe('${A} $$ $A')
    expect(load('text: ${A}', { A: '' }).text).toBe('')
  })

  test('a value from outside becomes a number or a boolean only where the schema wants one', () => {
    const env = { PORT: '0123', ON: 'true', TEXT: '0123' }
    expect(load('port: ${PORT}\non: ${ON}\ntext: ${TEXT}', env)).toMatchObject({ port: 123, on: true, text: '0123' })
    expect(failure('port: ${PORT}', { PORT: '12x' })).toBe('app.yaml:2:7: port: must be a number, not a text')
    expect(failure('port: 1${PORT}', env)).toBe('app.yaml:2:7: port: must be a number, not a text')
    expect(failure('port: "1"')).toBe('app.yaml:2:7: port: must be a number, not a text')
  })

  test('a key is not expanded', () => {
    expect(failure('${A}: x', { A: 'text' })).toBe('app.yaml:2:1: unknown key "${A}"')
  })

  test.each([
    ['text: ${MISSING}', 'app.yaml:2:7: text: the environment variable MISSING is not set'],
    ['brokers:\n  - "a:1"\n  - ${MISSING}', 'app.yaml:4:5: brokers[1]: the environment variable MISSING is not set'],
    ['text: ${file:none}', 'app.yaml:2:7: text: the file none cannot be read: it does not exist'],
    ['text: ${file:.}', 'app.yaml:2:7: text: the file . cannot be read: it is a folder'],
    [
      'text: ${A:-b}',
      'app.yaml:2:7: text: ${A:-b} is not understood; write ${NAME} or ${file:/path}, or $${ for a plain ${',
    ],
    ['text: "${A"', 'app.yaml:2:7: text: ${A is not understood; write ${NAME} or ${file:/path}, or $${ for a plain ${'],
    ['text: ${}', /\$\{\} is not understood/],
    ['port: ${MISSING}\nhold: x', /^app\.yaml:2:7: port: the environment.*\napp\.yaml:3:7: hold: must be a duration/],
  ])('%j', (text, expected) => {
    if (expected instanceof RegExp) expect(failure(text, { A: 'x' })).toMatch(expected)
    else expect(failure(text, { A: 'x' })).toBe(expected)
  })
})

describe('secrets', () => {
  test('what came from outside is in no error', () => {
    const env = { S: 'debugg' }
    for (const key of ['hold', 'limit', 'level', 'port', 'on', 'brokers']) {
      expect(failure(`${key}: \${S}`, env)).not.toMatch(/debug\b(?!,)|debugg/)
    }
    expect(failure('level: debugg')).toContain('(did you mean "debug"?)')
  })

  test('a secret shows itself only when asked to', () => {
    const config = load('password: swordfish')
    const shown = [
      String(config.password),
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      describeConfig(config),
      describeConfig(config, schema),
    ]
    for (const text of shown) {
      expect(text).toContain('***')
      expect(text).not.toContain('swordfish')
    }
    expect(config.password?.reveal()).toBe('swordfish')
  })
})

describe('the result', () => {
  test('is frozen through and through', () => {
    const config = load('brokers: ["a:1"]')
    expect(() => Object.assign(config.admin.bind, { port: 1 })).toThrow(TypeError)
    expect(() => config.brokers?.push({ host: 'b', port: 1 })).toThrow(TypeError)
  })

  test('is described as it is written, and that is a valid file again', () => {
    const config = load('password: x\nbrokers: ["[::1]:5"]\nhold: 90s')
    const text = describeConfig(config, schema)
    expect(text).toBe(
      'admin:\n  bind: 127.0.0.1:0\npassword: "***"\nhold: 90s\nlimit: 1536KiB\nbrokers:\n  - "[::1]:5"\n',
    )
    const again = loadConfig({ path: write('again.yaml', text), schema })
    expect({ ...again, password: undefined }).toEqual({ ...config, password: undefined })
  })

  test('is described by its values where the schema cannot be turned round', () => {
    const oneWay = z.object({ a: z.string().transform((text) => text.length), b: z.instanceof(Secret) })
    expect(describeConfig({ a: 3, b: new Secret('swordfish') }, oneWay)).toBe('a: 3\nb: "***"\n')
  })

  test('a file that cannot be read is a problem of the configuration', () => {
    const path = join(folder, 'absent.yaml')
    expect(() => loadConfig({ path, schema })).toThrow(`${path}: the file cannot be read: it does not exist`)
  })
})

test('the JSON Schema speaks of the file as it is written and refuses unknown keys', () => {
  const json = configSchema(schema) as { properties: Record<string, Record<string, unknown>> }
  expect(json).toMatchObject({ required: ['admin'], additionalProperties: false })
  expect(json.properties['hold']).toMatchObject({ type: 'string', default: '20s' })
  expect(json.properties['admin']).toMatchObject({ required: ['bind'], additionalProperties: false })
})
