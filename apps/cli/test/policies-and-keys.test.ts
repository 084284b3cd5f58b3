import { describe, expect, test } from 'vitest'
import { yaml } from './fixed-answers.ts'
import { useSandbox } from './use-sandbox.ts'

const { controlPlane, home, weir } = await useSandbox()
const lines = (text: string) => text.trimEnd().split('\n')

describe('keys', () => {
  test('create shows the password once', async () => {
    const { code, stdout, stderr } = await weir('keys create --description ci --expires-in 30d --as carol')
    expect(lines(stdout)).toContain('password     weir_key_1_s3cret')
    expect(stderr).toBe('Keep the password now: it is not shown again.\n')
    expect(code).toBe(0)
    expect(controlPlane.asked[0]?.input.body).toEqual({ description: 'ci', expiresInMs: 30 * 86_400_000 })
  })

  test('create for somebody else', async () => {
    const whom = '--subject etl --issuer https://i.example --display-name ETL --group etl --group batch'
    expect((await weir(`keys create ${whom} --as carol`)).code).toBe(0)
    expect(controlPlane.asked[0]?.input.body).toEqual({
      subject: 'etl',
      issuer: 'https://i.example',
      displayName: 'ETL',
      groups: ['etl', 'batch'],
      expiresInMs: 90 * 86_400_000,
    })
    const refused = await weir(`keys create ${whom} --as bob`)
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({ code: 1, stderr: 'weir: Only for yourself.\n' })
  })

  test('list and revoke', async () => {
    expect(lines((await weir('keys list --as carol')).stdout)).toHaveLength(3)
    const revoked = await weir('keys revoke key_1 --as carol')
    expect(revoked.stdout).toContain('revoked  2026-01-31T14:00:00.000Z')
    expect(revoked.code).toBe(0)
    expect((await weir('keys revoke key_2 --as carol')).code).toBe(1)
  })
})

describe('policies at the control plane', () => {
  test('show is the text as it was written', async () => {
    const { code, stdout, stderr } = await weir('policy show --as carol')
    expect(stdout).toBe(yaml)
    expect(stderr).toContain('applied by  carol')
    expect(code).toBe(0)
  })

  test('show finds an earlier revision, on whatever page it is', async () => {
    const { stdout } = await weir('policy show --revision bbbbbbbbbbbbbbbb --as carol')
    expect(stdout).toBe('version: 1\nrules: []\n')
    const { code, stderr } = await weir('policy show --revision cccc --as carol')
    expect(stderr).toBe('weir: There was never a policy of revision cccc in force.\n')
    expect(code).toBe(1)
  })

  test('apply sends the file, and what is expected', async () => {
    const show = JSON.parse((await weir('policy show --as carol --json')).stdout) as { revision: string }
    const { code, stdout } = await weir(`policy apply policy.yaml --comment why --expected ${show.revision} --as carol`)
    expect(stdout).toMatch(/^In force:\nrevision +[0-9a-f]{16}\nbundle +8\n/)
    expect(code).toBe(0)
    expect(controlPlane.asked.at(-1)?.input.body).toEqual({ yaml, comment: 'why', expected: show.revision })
  })

  test('apply answers no', async () => {
    const conflict = await weir('policy apply policy.yaml --expected dddd --as carol')
    expect(conflict.code).toBe(1)
    expect(conflict.stderr).toContain('not dddd')
    const forbidden = await weir('policy apply policy.yaml --as bob')
    expect({ code: forbidden.code, stderr: forbidden.stderr }).toEqual({
      code: 1,
      stderr: 'weir: This needs the right `policy`.\n',
    })
  })

  test('apply does not send what is not valid', async () => {
    home.write('bad.yaml', yaml.replace('effect: allow', 'effect: alow'))
    const { code, stderr } = await weir('policy apply bad.yaml --as carol')
    expect(stderr).toMatch(
      /^weir: The policy is not valid:\nbad\.yaml:7:13: error: rules\[0\]\.effect: .*did you mean "allow"/,
    )
    expect(code).toBe(1)
    expect(controlPlane.asked).toEqual([])
    const { error } = JSON.parse((await weir('policy apply bad.yaml --as carol --json')).stdout) as { error: object }
    expect(error).toMatchObject({ code: 'WEIR_POLICY_INVALID', details: [{ line: 7, column: 13 }] })
  })

  test('explain asks about the policy in force', async () => {
    const what = '--principal alice --action consume --resource kafka:topic:payments.orders'
    const who = '--group payments --actor agent=a,b --actor robot --client-id c1 --issuer https://i.example'
    const { code, stdout } = await weir(`policy explain ${what} ${who} --attribute memberless=true --as carol`)
    expect(lines(stdout)[0]).toBe('decision         allowed')
    expect(code).toBe(0)
    const issuerUrl = 'https://i.example'
    expect(controlPlane.asked[0]?.input.body).toEqual({
      principal: {
        issuer: issuerUrl,
        subject: 'alice',
        groups: ['payments'],
        clientId: 'c1',
        actors: [
          { issuer: issuerUrl, subject: 'agent', groups: ['a', 'b'] },
          { issuer: issuerUrl, subject: 'robot', groups: [] },
        ],
      },
      action: 'consume',
      resource: 'kafka:topic:payments.orders',
      attributes: { memberless: 'true' },
    })
    const denied = await weir(`policy explain ${what} --as carol`)
    expect(lines(denied.stdout).slice(0, 3)).toEqual([
      'decision         denied',
      'rule             policy.default',
      'reason           No rule allows it.',
    ])
    expect(denied.code).toBe(1)
  })
})
