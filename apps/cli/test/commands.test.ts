import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { routes } from '@weir/contracts'
import { runProcess } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { useSandbox } from './use-sandbox.ts'
import { makeHome, weirBin } from './weir.ts'

const { controlPlane, home, issuer, weir } = await useSandbox()
const lines = (text: string) => text.trimEnd().split('\n')
const position = '--topic payments.orders --partition 0'

describe('--as', () => {
  test('asks as that person, found from a folder below the sandbox', async () => {
    const below = join(home.path, 'a', 'b')
    mkdirSync(below, { recursive: true })
    const args = [weirBin, 'whoami', '--as', 'carol']
    const { code, stdout } = await runProcess(process.execPath, args, { cwd: below, env: home.env })
    expect(code).toBe(0)
    expect(lines(stdout)).toContain('subject  carol')
    expect(lines(stdout)).toContain('rights   evidence, policy')
  })

  test('somebody unknown is wrong usage', async () => {
    const { code, stderr } = await weir('whoami --as carlo')
    expect(stderr).toBe('weir: --as carlo: there is no carlo here\n')
    expect(code).toBe(2)
  })

  test('WEIR_SANDBOX names another one', async () => {
    const elsewhere = makeHome()
    const { code, stderr } = await elsewhere.weir('whoami', '--as', 'carol')
    expect(stderr).toContain('No sandbox is running in this folder')
    expect(code).toBe(3)
    elsewhere.env['WEIR_SANDBOX'] = join(home.path, '.sandbox')
    expect((await elsewhere.weir('whoami', '--as', 'erin')).stdout).toContain('erin')
    elsewhere.remove()
  })
})

describe('who wrote, who read', () => {
  test('a table with the person, the session and the range', async () => {
    const { code, stdout } = await weir(`evidence who-wrote ${position} --offset 7 --as carol`)
    expect(lines(stdout)).toEqual([
      'TIME                      PERSON              CLIENT ID         GROUP  SESSION  OFFSETS  ADDRESS          GATEWAY',
      '2026-01-31T14:00:00.000Z  Alice Ames (alice)  console-consumer  -      ses_1    5-9      127.0.0.1:50111  kafka-1',
    ])
    expect(code).toBe(0)
    const input = { protocol: 'kafka', action: 'publish', topic: 'payments.orders', partition: 0, offset: 7 }
    expect(controlPlane.asked).toEqual([{ route: 'access', subject: 'carol', input: { params: {}, query: input } }])
  })

  test('whoever acts for somebody is named, and a client id cannot write on the terminal', async () => {
    const { code, stdout } = await weir(`evidence who-read ${position} --offset 7 --topic-id T1 --as carol`)
    const [, first, second] = lines(stdout)
    expect(first).toContain('payments-app')
    expect(second).toContain('agent for alice')
    expect(second).toContain('evil\\u{1b}[2Jclient')
    expect(second).toContain('7 (asked from 8)')
    expect(code).toBe(0)
    expect(controlPlane.asked[0]?.input.query).toMatchObject({ action: 'consume', topicId: 'T1' })
  })

  test('nobody is said, and is exit code 1', async () => {
    const { code, stdout } = await weir(`evidence who-read ${position} --offset 8 --as carol`)
    expect(stdout).toBe('Nobody read offset 8 of payments.orders-0, as far as the record goes.\n')
    expect(code).toBe(1)
  })

  test('evidence that is still on its way is said too', async () => {
    const { code, stdout } = await weir('evidence who-wrote --topic late --partition 2 --offset 7 --as carol')
    expect(lines(stdout)).toEqual([
      'Nobody wrote offset 7 of late-2, as far as the record goes.',
      'Evidence of gateway kafka-1 is still on its way, up to 4 s old: ask again later.',
    ])
    expect(code).toBe(1)
  })

  test('--json is the answer of the API, whatever the exit code', async () => {
    const { code, stdout } = await weir(`evidence who-read ${position} --offset 8 --as carol --json`)
    expect(JSON.parse(stdout)).toEqual({ accesses: [], pending: [] })
    expect(code).toBe(1)
  })
})

describe('evidence, sessions, gateways', () => {
  test('evidence list filters, and says how to go on', async () => {
    const filters = '--type kafka.consume --session ses_1 --subject alice --resource kafka:topic:a --limit 5'
    const times = '--since 2026-01-31T15:00+01:00 --until 2026-02-01'
    const { code, stdout, stderr } = await weir(`evidence list ${filters} ${times} --as carol`)
    expect(stdout).toContain('payments.orders-0 offsets 5-9 payments-app')
    expect(stdout).toContain('deny consume kafka:topic:payments.cards by policy.default')
    expect(stderr).toBe('There is more: add --cursor page-2\n')
    expect(code).toBe(0)
    expect(controlPlane.asked[0]?.input.query).toEqual({
      type: 'kafka.consume',
      sessionId: 'ses_1',
      subject: 'alice',
      resource: 'kafka:topic:a',
      limit: 5,
      since: '2026-01-31T14:00:00.000Z',
      until: '2026-02-01T00:00:00.000Z',
    })
  })

  test('evidence list without a match', async () => {
    const { code, stdout, stderr } = await weir('evidence list --type none --cursor x --as carol')
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'No event on record matches.\n', stderr: '' })
  })

  test('sessions list', async () => {
    const { code, stdout } = await weir('sessions list --subject alice --protocol kafka --open --as carol')
    expect(lines(stdout)[1]).toMatch(/^2026-01-31T14:00:00.000Z {2}- +Alice Ames \(alice\) +ses_1/)
    expect(code).toBe(0)
    const query = { subject: 'alice', protocol: 'kafka', open: true, limit: 100 }
    expect(controlPlane.asked[0]?.input.query).toEqual(query)
    expect((await weir('sessions list --subject nobody --as carol')).stdout).toBe('No session on record matches.\n')
  })

  test('sessions show', async () => {
    const { code, stdout } = await weir('sessions show ses_1 --as carol')
    expect(stdout).toContain('person     Alice Ames (alice)')
    expect(stdout).toMatch(/kafka:topic:payments.orders +0 +consume +0-9 +10 +1.5 KiB +2/)
    expect(code).toBe(0)
  })

  test('a session that is not there is exit code 1, and with --json the error of the API', async () => {
    const { code, stderr } = await weir('sessions show ses_2 --as carol')
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'weir: There is no such session on record.\n' })
    const asJson = await weir('sessions show ses_2 --as carol --json')
    const error = { code: 'WEIR_NOT_FOUND', message: 'There is no such session on record.' }
    expect(JSON.parse(asJson.stdout)).toEqual({ error })
    expect(asJson).toMatchObject({ code: 1, stderr: '' })
  })

  test('gateways list', async () => {
    const { code, stdout } = await weir('gateways list --as carol')
    expect(lines(stdout)[1]).toMatch(/^kafka-1 +kafka +silent .* 2 KiB, up to 2 min old$/)
    expect(code).toBe(0)
  })

  test.each([
    ['gateways list', 'gateways'],
    ['sessions list', 'sessions'],
    ['sessions show ses_1', 'session'],
    ['evidence list', 'evidence'],
    [`evidence who-read ${position} --offset 7`, 'access'],
    ['keys list', 'keys'],
    ['keys create', 'createKey'],
    ['keys revoke key_1', 'revokeKey'],
    ['policy show', 'policy'],
    ['policy apply policy.yaml', 'applyPolicy'],
    ['policy explain --principal a --group payments --action consume --resource kafka:topic:a', 'explainPolicy'],
    ['whoami', 'whoami'],
  ] as const)('%s --json has the shape of the API', async (line, route) => {
    const { code, stdout } = await home.weirHere(...`${line} --as carol --json`.split(' '))
    const value: unknown = JSON.parse(stdout)
    expect(routes[route].response.parse(value)).toEqual(value)
    expect(code).toBe(0)
  })
})

describe('what cannot be asked', () => {
  test('a control plane that is not there is exit code 3', async () => {
    const { code, stderr } = await weir('whoami --as carol --control-plane http://127.0.0.1:1')
    expect(stderr).toContain('http://127.0.0.1:1')
    expect(code).toBe(3)
  })

  test('neither is one whose database is away a no', async () => {
    controlPlane.broken = true
    const { code, stderr } = await weir(`evidence who-read ${position} --offset 8 --as carol`)
    expect(stderr).toBe('weir: The database does not answer now; try again later.\n')
    expect(code).toBe(3)
  })

  test('a token in plain http to another machine is not sent', async () => {
    const { code, stderr } = await weir('whoami --as carol --control-plane http://weir.example')
    expect(stderr).toContain('--control-plane must use https')
    expect(code).toBe(2)
  })

  test('without a login and without --as, both are named', async () => {
    const { code, stderr } = await weir('whoami')
    expect(stderr).toContain('--as carol')
    expect(code).toBe(3)
  })

  test('a sandbox that was killed is not taken for a running one', async () => {
    const dead = makeHome()
    dead.sandbox({ controlPlane: controlPlane.url, issuer: issuer.issuer, pid: 4_000_000 })
    const { code, stderr } = await dead.weir('whoami', '--as', 'carol')
    expect(stderr).toContain('npm start')
    expect(code).toBe(3)
    dead.remove()
  })
})
