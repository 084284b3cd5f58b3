import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { actions, protocols } from '@weir/contracts'
import type { ErrorBody, ExplainQuery, Explanation, PolicyRevision, Resource } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { compilePolicy, parsePolicy } from '@weir/policy'
import type { ParsedPolicy } from '@weir/policy'
import type { ApiClient } from '@weir/control-plane-client'
import { command } from '../command.ts'
import type { Context } from '../command.ts'
import { UsageError } from '../failures.ts'
import { choice, nonEmpty, repeated, required, text } from '../options.ts'
import { fields, printable, table } from '../table.ts'

type Problems = ParsedPolicy['problems']

export const policyCheck = command({
  name: 'policy check',
  summary: 'check a policy file, without a control plane',
  words: { file: 'the policy, in YAML' },
  no: 'the policy cannot be used as written',
  run(_, context, { file }) {
    const { policy, revision, problems } = parsePolicy(readText(file, context), file)
    const valid = policy !== undefined
    // The answer of the route checkPolicy.
    const value = { valid, ...(valid ? { revision } : {}), problems }
    const verdict = valid ? `${file}: valid, revision ${revision}` : `${file}: not valid`
    return { value, text: [...problemLines(problems, file), verdict].join('\n'), no: !valid }
  },
})

export const policyExplain = command({
  name: 'policy explain',
  summary: 'which rule decides about somebody doing something, and why',
  details:
    'Asks about the policy in force, or about --file without a control plane. Groups are those that the token would ' +
    'carry: nothing is looked up. Whoever acts for the principal needs the right too: --actor agent=group1,group2.',
  options: {
    principal: required(text('SUBJECT', 'who, as the issuer names them')),
    action: required(choice('ACTION', actions, 'what')),
    resource: required(text('RESOURCE', 'on what: kafka:topic:payments.orders')),
    group: repeated('GROUP', 'a group of the principal', nonEmpty),
    actor: repeated('SUBJECT[=GROUP,…]', 'who acts for the principal, outermost first', readActor),
    'client-id': text('ID', 'the client id in the token'),
    issuer: text('URL', 'the issuer of the principal, where a rule asks for it'),
    attribute: repeated('NAME=VALUE', 'an attribute of the operation: memberless=true', readAttribute),
    file: text('FILE', 'explain this policy, without a control plane'),
  },
  no: 'the operation is denied, or needs an approval',
  async run(options, context) {
    const issuer = options.issuer ?? ''
    const query: ExplainQuery = {
      principal: {
        issuer,
        subject: options.principal,
        groups: [...options.group],
        clientId: options['client-id'],
        actors: options.actor.map(({ subject, groups }) => ({ issuer, subject, groups: [...groups] })),
      },
      action: options.action,
      resource: readResource(options.resource),
      attributes: Object.fromEntries(options.attribute),
    }
    const explanation =
      options.file === undefined
        ? await context.api().call('explainPolicy', { body: query })
        : explainFile(options.file, query, context)
    return { value: explanation, text: describeExplanation(explanation, context), no: explanation.effect !== 'allow' }
  },
})

export const policyApply = command({
  name: 'policy apply',
  summary: 'put a policy file in force',
  words: { file: 'the policy, in YAML' },
  options: {
    comment: text('TEXT', 'why; it stands beside the revision'),
    expected: text('REVISION', 'only over this revision: what another person applied meanwhile stays'),
  },
  no: 'the policy is not valid, another one is in force than --expected, or you may not',
  async run({ comment, expected }, context, { file }) {
    const yaml = readText(file, context)
    const { policy, problems } = parsePolicy(yaml, file)
    if (policy === undefined) throw new PolicyNotValid(problems, file)
    for (const line of problemLines(problems, file)) context.say(line)
    const api = context.api()
    const applied = await api.call('applyPolicy', { body: { yaml, comment, expected } })
    return { value: applied, text: `In force:\n${describeRevision(applied)}` }
  },
})

export const policyShow = command({
  name: 'policy show',
  summary: 'the policy in force, or an earlier revision, as it was written',
  options: { revision: text('REVISION', 'this revision instead of the one in force') },
  no: 'there is no such revision',
  async run({ revision }, context) {
    const api = context.api()
    const shown = revision === undefined ? await api.call('policy', {}) : await findRevision(api, revision)
    // The policy alone is the answer, so that it can be written to a file.
    if (!context.json) context.say(describeRevision(shown))
    return { value: shown, text: shown.yaml.replace(/\n$/, '') }
  },
})

async function findRevision(api: ApiClient, revision: string): Promise<PolicyRevision> {
  let cursor: string | undefined
  do {
    const page = await api.call('policies', { query: { limit: 1000, cursor } })
    const found = page.policies.find((policy) => policy.revision === revision)
    if (found !== undefined) return found
    cursor = page.next
  } while (cursor !== undefined)
  throw new WeirError('WEIR_NOT_FOUND', `There was never a policy of revision ${revision} in force.`)
}

function explainFile(file: string, query: ExplainQuery, context: Context): Explanation {
  const { policy, revision, problems } = parsePolicy(readText(file, context), file)
  if (policy === undefined) throw new PolicyNotValid(problems, file)
  const { principal, action, resource, attributes } = query
  const who = {
    ...principal,
    displayName: undefined,
    clientId: principal.clientId,
    method: 'jwt' as const,
    credentialId: 'explain',
    expiresAtMs: Date.now(),
  }
  return compilePolicy(policy, revision).explain(who, { action, resource: resource as Resource, attributes })
}

function readText(file: string, { cwd }: Context): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(
      `${file} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : (code ?? String(error))}`,
    )
  }
}

/** Told as the control plane tells it. */
class PolicyNotValid extends WeirError {
  readonly details: NonNullable<ErrorBody['error']['details']>
  constructor(problems: Problems, file: string) {
    super('WEIR_POLICY_INVALID', ['The policy is not valid:', ...problemLines(problems, file)].join('\n'))
    this.details = problems.map(({ message, line, column }) => ({ message, line, column }))
  }
}

/** As compilers write it, so that editors find the place: `policy.yaml:3:5: error: …`. */
function problemLines(problems: Problems, file: string): string[] {
  return problems.map(
    ({ severity, message, line, column }) => `${file}:${line}:${column}: ${severity}: ${printable(message)}`,
  )
}

function readResource(given: string): string {
  const [protocol, kind, ...name] = given.split(':')
  if (protocols.some((known) => known === protocol) && kind !== undefined && kind !== '' && name.join(':') !== '') {
    return given
  }
  throw new UsageError(`--resource must be <protocol>:<kind>:<name>, for example kafka:topic:orders, not "${given}"`)
}

function readActor(given: string): { readonly subject: string; readonly groups: readonly string[] } {
  const at = given.lastIndexOf('=')
  if (at < 0) return { subject: nonEmpty(given), groups: [] }
  return {
    subject: nonEmpty(given.slice(0, at)),
    groups: given
      .slice(at + 1)
      .split(',')
      .map(nonEmpty),
  }
}

function readAttribute(given: string): readonly [string, string] {
  const at = given.indexOf('=')
  if (at > 0) return [given.slice(0, at), given.slice(at + 1)]
  throw new UsageError(`must be NAME=VALUE, not "${given}"`)
}

const effectWords = { allow: 'allowed', deny: 'denied', hold: 'needs an approval' } as const

function describeExplanation(explanation: Explanation, { bold }: Context): string {
  const { effect, ruleId, policyRevision, reason, obligations, considered } = explanation
  const summary = fields({
    decision: effectWords[effect],
    rule: ruleId,
    reason,
    mask: obligations.mask.join(', '),
    record: `${obligations.record}, ${obligations.durability}`,
    'policy revision': policyRevision,
  })
  if (considered.length === 0) return summary
  const rules = table(
    considered,
    {
      line: ({ line }) => line,
      rule: (rule) => rule.ruleId,
      effect: (rule) => rule.effect,
      matched: ({ matched }) => (matched ? 'yes' : 'no'),
      why: ({ why }) => why,
    },
    bold,
  )
  return `${summary}\n\n${rules}`
}

function describeRevision({ revision, bundleRevision, appliedAt, appliedBy, comment }: PolicyRevision): string {
  return fields({ revision, bundle: bundleRevision, 'applied at': appliedAt, 'applied by': appliedBy, comment })
}
