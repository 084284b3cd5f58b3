import { readFileSync } from 'node:fs'
import { actions } from '@weir/contracts'
import { describe, expect, test } from 'vitest'
import { actionsByKind, parsePolicy } from '../src/index.ts'
import { policySchema } from '../src/policy-schema.ts'

const page = (name: string): string =>
  readFileSync(new URL(`../../../docs/reference/${name}.md`, import.meta.url), 'utf8')

/** The columns of a table are aligned by spaces that say nothing. */
const tables = (name: string): string => page(name).replaceAll(/ +/g, ' ')

describe('docs/reference/policy.md', () => {
  const examples = [...page('policy').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text ?? '')

  test.each(examples)('example %#', (yaml) => {
    const { policy, problems } = parsePolicy(yaml)
    expect(problems).toEqual([])
    expect(policy?.rules.length).toBeGreaterThan(0)
  })

  test('names every key of the file and of a rule', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3)
    const { rules, ...file } = policySchema.shape
    const rule = rules.element.shape
    const keys = [
      ...Object.keys(file),
      ...Object.keys(rule),
      ...Object.keys(rule.subjects.element.shape),
      ...Object.keys(rule.approval.unwrap().in.shape),
    ]
    for (const key of keys) expect(tables('policy')).toMatch(new RegExp(`^\\| \`${key}(: true)?\` \\|`, 'm'))
  })
})

describe('docs/reference/actions.md', () => {
  test('has a row for every action', () => {
    for (const action of actions) expect(tables('actions')).toContain(`\n| \`${action}\` | `)
  })

  test('says where the actions apply', () => {
    for (const [kind, applicable] of Object.entries(actionsByKind)) {
      expect(tables('actions')).toContain(
        `\n| \`${kind}\` | ${applicable.map((action) => `\`${action}\``).join(' ')} |`,
      )
    }
  })
})
