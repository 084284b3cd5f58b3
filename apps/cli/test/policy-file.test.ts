import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { yaml } from './fixed-answers.ts'
import { makeHome } from './weir.ts'
import type { Home } from './weir.ts'

let home: Home
beforeAll(() => {
  home = makeHome()
  home.write('policy.yaml', yaml)
  home.write('bad.yaml', yaml.replace('subjects:', 'subject:'))
  home.write('idle.yaml', 'version: 1\nrules: []\n')
})
afterAll(() => home.remove())

// No control plane is known here: neither command may need one.
describe('policy check', () => {
  test('says that it is valid, and its revision', async () => {
    const { code, stdout } = await home.weir('policy', 'check', 'policy.yaml')
    expect(stdout).toMatch(/^policy\.yaml: valid, revision [0-9a-f]{16}\n$/)
    expect(code).toBe(0)
  })

  test('names line and column of what is wrong, as a compiler does', async () => {
    const { code, stdout } = await home.weir('policy', 'check', 'bad.yaml')
    expect(stdout).toMatch(/^bad\.yaml:4:5: error: .*subject/m)
    expect(stdout).toMatch(/\nbad\.yaml: not valid\n$/)
    expect(code).toBe(1)
  })

  test('a warning leaves it valid', async () => {
    const { code, stdout } = await home.weir('policy', 'check', 'idle.yaml')
    expect(stdout).toMatch(/^idle\.yaml:2:\d+: warning: rules: there are none.*\nidle\.yaml: valid/)
    expect(code).toBe(0)
  })

  test('--json is what the control plane would answer', async () => {
    const good = await home.weir('policy', 'check', 'policy.yaml', '--json')
    expect(JSON.parse(good.stdout)).toEqual({
      valid: true,
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
      problems: [],
    })
    const bad = await home.weir('policy', 'check', 'bad.yaml', '--json')
    expect(JSON.parse(bad.stdout)).toMatchObject({ valid: false, problems: [{ line: 3 }, { line: 4, column: 5 }] })
    expect(bad.code).toBe(1)
  })
})

describe('policy explain --file', () => {
  const explain = (...more: string[]) =>
    home.weirHere('policy', 'explain', '--file', 'policy.yaml', '--principal', 'alice', '--action', 'consume', ...more)

  test('names the rule, with its line', async () => {
    const args = ['--principal', 'alice', '--action', 'consume', '--resource', 'kafka:topic:payments.orders']
    const { code, stdout } = await home.weir(
      'policy',
      'explain',
      '--file',
      'policy.yaml',
      '--group',
      'payments',
      ...args,
    )
    expect(stdout).toMatch(/^decision +allowed\nrule +payments-team\n/)
    expect(stdout).toMatch(/^3 +payments-team +allow +yes /m)
    expect(code).toBe(0)
  })

  test.each([
    ['without the group', ['--resource', 'kafka:topic:payments.orders'], 1],
    ['another topic', ['--group', 'payments', '--resource', 'kafka:topic:public.clicks'], 1],
    [
      'an actor without the group',
      ['--group', 'payments', '--actor', 'agent', '--resource', 'kafka:topic:payments.a'],
      1,
    ],
    [
      'an actor with it',
      ['--group', 'payments', '--actor', 'agent=x,payments', '--resource', 'kafka:topic:payments.a'],
      0,
    ],
  ])('%s', async (_, args, expected) => {
    const { code, stdout } = await explain(...args, '--json')
    expect(code).toBe(expected)
    expect(JSON.parse(stdout)).toMatchObject({ effect: expected === 0 ? 'allow' : 'deny', considered: [{ line: 3 }] })
  })

  test('a file that is not valid is exit code 1, with its problems', async () => {
    const args = ['--principal', 'a', '--action', 'consume', '--resource', 'kafka:topic:a', '--file', 'bad.yaml']
    const { code, stderr } = await home.weirHere('policy', 'explain', ...args)
    expect(stderr).toMatch(/bad\.yaml:4:5: error: /)
    expect(code).toBe(1)
  })
})
