import { afterAll, describe, expect, test } from 'vitest'
import { commands } from '../src/commands/index.ts'
import { makeHome } from './weir.ts'

const home = makeHome()
afterAll(() => home.remove())

const common = ['--as PERSON', '--control-plane URL', '--json', '--help, -h']
const here = (line: string) => home.weirHere(...line.split(' ').filter((word) => word !== ''))

describe('--help', () => {
  test('lists every command, and is the answer, not an error', async () => {
    const { code, stdout, stderr } = await home.weir('--help')
    for (const { name, summary } of commands)
      expect(stdout).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'))
    for (const option of common) expect(stdout).toContain(`\n  ${option}`)
    expect(stdout).toContain('Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 ')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test('of a group lists its commands only', async () => {
    const { code, stdout } = await here('policy --help')
    expect(stdout.match(/^ {2}[a-z]+ [a-z-]+/gm)).toEqual([
      '  policy check',
      '  policy explain',
      '  policy apply',
      '  policy show',
    ])
    expect(code).toBe(0)
  })

  test.each(commands)('of $name lists all of its options', async ({ name, options, words, no }) => {
    const { code, stdout } = await here(`${name} --help`)
    expect(stdout).toMatch(new RegExp(`^Usage: weir ${name}`, 'm'))
    for (const [option, { placeholder }] of Object.entries(options)) {
      const synopsis = placeholder === undefined ? `--${option}` : `--${option} ${placeholder}`
      expect(stdout).toContain(`\n  ${synopsis} `)
    }
    for (const word of Object.keys(words)) expect(stdout).toContain(`\n  <${word}> `)
    for (const option of common) expect(stdout).toContain(`\n  ${option}`)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(no === undefined ? 'Exit codes: 0 done, 2 ' : `1 ${no}, 2 wrong`)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
    expect(code).toBe(0)
    expect(await here(`${name} -h`)).toEqual(await here(`--help ${name}`))
  })

  test('wins over what is missing, not over what is unknown', async () => {
    expect((await here('evidence who-read --help')).code).toBe(0)
    expect((await here('evidence who-reed --help')).code).toBe(2)
    expect((await here('evidence who-read --help --partitoin 1')).code).toBe(2)
  })
})

test('--version', async () => {
  expect((await here('--version')).stdout).toMatch(/^weir \d+\.\d+\.\d+\n$/)
})

describe('wrong usage is exit code 2, with the nearest name and the usage', () => {
  test('as a process', async () => {
    const { code, stdout, stderr } = await home.weir('evidence', 'who-wrote', '--topik', 'a')
    expect(stderr).toMatch(
      /^weir: weir evidence who-wrote has no option --topik \(did you mean "--topic"\?\)\nUsage: weir/,
    )
    expect(stderr).toMatch(/\nTry weir evidence who-wrote --help\n$/)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test.each([
    ['', 'weir needs a command: login, logout, whoami, policy, evidence, sessions, gateways, keys, sandbox'],
    ['polcy check x', 'weir has no command "polcy" (did you mean "policy"?)'],
    ['policy', 'weir policy needs a command: check, explain, apply, show'],
    ['policy chek x', 'weir policy has no command "chek" (did you mean "check"?)'],
    ['policy check', '<file> is missing'],
    ['policy check a b', 'unexpected argument "b"'],
    ['whoami --jsn', 'weir whoami has no option --jsn (did you mean "--json"?)'],
    ['whoami -x', 'weir whoami has no option -x'],
    // An option of another command is not one of this.
    ['whoami --topic a', 'weir whoami has no option --topic'],
    ['whoami --version', 'weir whoami has no option --version'],
    ['whoami --json=yes', '--json takes no value'],
    ['whoami --as', '--as needs a value: --as=PERSON'],
    ['whoami --as --json', '--as needs a value: --as=PERSON'],
    ['whoami --as a --as b', '--as is given more than once'],
    ['whoami --as=', '--as must not be empty'],
    ['evidence who-read --topic a --partition 0', '--offset N is missing'],
    ['evidence who-read --topic a --partition 0 --offset=-1', '--offset must be a whole number, not "-1"'],
    ['evidence who-read --topic a --partition 0 --offset 1e3', '--offset must be a whole number, not "1e3"'],
    ['evidence who-read --topic a --partition 0 --offset 9007199254740993', '--offset must be a whole number'],
    ['evidence list --since yesterday', '--since must be a time with its zone'],
    // Without a zone it would mean another moment on another machine.
    ['evidence list --since 2026-01-31T14:00', '--since must be a time with its zone'],
    ['sessions list --protocol kafak', '(did you mean "kafka"?)'],
    ['sandbox ready --wait 120', '--wait must be a duration with its unit'],
    ['policy explain --principal a --action cosume --resource kafka:topic:a', '(did you mean "consume"?)'],
    ['policy explain --principal a --action consume --resource payments', 'must be <protocol>:<kind>:<name>'],
    ['policy explain --principal a --action consume --resource kafka:topic:a --attribute x', 'must be NAME=VALUE'],
    ['policy explain --principal a --action consume --resource kafka:topic:a --actor =g', '--actor must not be empty'],
    ['policy check nowhere.yaml', 'nowhere.yaml cannot be read: there is no such file'],
    ['login', 'the first login needs --control-plane URL --issuer URL --client-id ID'],
    ['login --control-plane https://weir.example', 'needs --issuer URL --client-id ID'],
    ['login --control-plane weir.example', '--control-plane must be a URL with https://'],
    ['login --control-plane https://w.example --issuer http://i.example --client-id c', '--issuer must use https'],
    ['login --as carol', '--as takes the place of a login'],
  ])('%s', async (line, message) => {
    const { code, stdout, stderr } = await here(line)
    expect(stderr).toContain(message)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

test('an option of one name takes a value in all commands or in none', () => {
  const flags = new Set<string>()
  const valued = new Set<string>()
  for (const { options } of commands) {
    for (const [name, { placeholder }] of Object.entries(options))
      (placeholder === undefined ? flags : valued).add(name)
  }
  expect([...flags].filter((name) => valued.has(name))).toEqual([])
  expect(flags).toContain('device')
  expect(valued).toContain('topic')
})
