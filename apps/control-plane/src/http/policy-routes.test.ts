import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PolicyRevision } from '@weir/contracts'
import { temporaryFolder } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { policyYaml, startTestControlPlane } from '../../test/control-plane.ts'
import type { TestControlPlane } from '../../test/control-plane.ts'
import { anyStorePlace } from '../../test/stores.ts'

let weir: TestControlPlane
let author: string
beforeAll(async () => {
  weir = await startTestControlPlane()
  author = weir.token('paula', ['authors'])
})
afterAll(() => weir.stop())

const wrong = policyYaml.replace('effect: allow', 'effect: perhaps')
const inForce = async (on = weir) => (await on.call('policy', { token: on.token('paula') })).json<PolicyRevision>()

test('until one is applied, a policy is in force that allows nothing', async () => {
  const fresh = await startTestControlPlane()
  const body = { principal: { subject: 'alice', groups: ['payments'] }, action: 'publish', resource: 'kafka:topic:t' }
  expect((await fresh.call('explainPolicy', { token: fresh.token('a'), body })).json()).toMatchObject({
    effect: 'deny',
  })
  await fresh.stop()
})

test('a policy is applied, listed, and only over the one that was looked at', async () => {
  const apply = (body: object) => weir.call('applyPolicy', { token: author, body })
  const first = (await apply({ yaml: policyYaml, comment: 'first' })).json<PolicyRevision>()
  expect(first).toMatchObject({ yaml: policyYaml, comment: 'first', appliedBy: `paula (${weir.issuer.url})` })
  expect(await inForce()).toEqual(first)
  const second = `${policyYaml}# more\n`
  const conflict = await apply({ yaml: second, expected: 'something' })
  expect([conflict.statusCode, conflict.json()]).toMatchObject([409, { error: { code: 'WEIR_POLICY_CONFLICT' } }])
  expect((await apply({ yaml: second, expected: first.revision })).statusCode).toBe(200)
  const { policies } = (await weir.call('policies', { token: author })).json<{ policies: PolicyRevision[] }>()
  expect(policies.map((policy) => policy.yaml)).toEqual([second, policyYaml, 'version: 1\nrules: []\n'])
})

test('a policy with an error is refused with line and column, and changes nothing', async () => {
  const before = await inForce()
  const response = await weir.call('applyPolicy', { token: author, body: { yaml: wrong } })
  const { error } = response.json<{ error: { code: string; details: object[] } }>()
  expect([response.statusCode, error.code]).toEqual([422, 'WEIR_POLICY_INVALID'])
  expect(error.details).toMatchObject([{ line: 7, column: expect.any(Number), message: expect.any(String) }])
  expect(await inForce()).toEqual(before)
  const check = (yaml: string) => weir.call('checkPolicy', { token: author, body: { yaml } })
  expect((await check(wrong)).json()).toMatchObject({ valid: false, problems: [{ severity: 'error', line: 7 }] })
  expect((await check(policyYaml)).json()).toMatchObject({
    valid: true,
    revision: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
})

test('explains a decision of the policy in force, or of a draft', async () => {
  await weir.call('applyPolicy', { token: author, body: { yaml: policyYaml } })
  const question = {
    principal: { subject: 'alice', groups: ['payments'] },
    action: 'publish',
    resource: 'kafka:topic:payments.orders',
  }
  const explain = (body: object) => weir.call('explainPolicy', { token: author, body })
  expect((await explain(question)).json()).toMatchObject({
    effect: 'allow',
    ruleId: 'payments',
    considered: [{ ruleId: 'payments', matched: true, line: 3 }],
  })
  const draft = { ...question, yaml: 'version: 1\nrules: []\n' }
  expect((await explain(draft)).json()).toMatchObject({ effect: 'deny', ruleId: 'policy.default' })
  expect((await explain({ ...question, yaml: wrong })).statusCode).toBe(422)
})

describe('a policy file', () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'policy.yaml')
  afterAll(() => folder.remove())

  test('that is the initial one is applied to an empty store and not again', async () => {
    writeFileSync(path, policyYaml)
    const shared = { issuer: weir.issuer, place: await anyStorePlace() }
    const first = await startTestControlPlane({ policy: { initial: path } }, shared)
    expect((await inForce(first)).yaml).toBe(policyYaml)
    const body = { yaml: 'version: 1\nrules: []\n' }
    expect((await first.call('applyPolicy', { token: author, body })).statusCode).toBe(200)
    await first.stop()
    const second = await startTestControlPlane({ policy: { initial: path } }, shared)
    expect((await inForce(second)).yaml).toBe(body.yaml)
    await second.stop()
    await shared.place.remove()
  })

  test('that is watched is applied when it is saved, and an error leaves the one before in force', async () => {
    writeFileSync(path, policyYaml)
    const watching = await startTestControlPlane({ policy: { watch: path } })
    writeFileSync(path, wrong)
    await vi.waitFor(() => expect(watching.log()).toContain('policy file not applied'), 5_000)
    expect(watching.log()).toContain(`${path}:7:`)
    expect((await inForce(watching)).yaml).toBe(policyYaml)
    writeFileSync(path, `${policyYaml}# saved again\n`)
    await vi.waitFor(async () => expect((await inForce(watching)).yaml).toContain('saved again'), 5_000)
    await watching.stop()
  })

  test('with an error stops the start', async () => {
    writeFileSync(path, wrong)
    const started = startTestControlPlane({ policy: { watch: path } })
    await expect(started).rejects.toMatchObject({
      code: 'WEIR_POLICY_INVALID',
      message: expect.stringContaining(`${path}:7:`),
    })
    const missing = startTestControlPlane({ policy: { initial: `${path}.none` } })
    await expect(missing).rejects.toThrow('cannot be read (ENOENT)')
  })
})
