import type { Operation, Principal } from '@weir/contracts'
import { compilePolicy, parsePolicy } from '../src/index.ts'
import type { CompileOptions, CompiledPolicy } from '../src/index.ts'

/** Compiles rules written one per line; throws when one of them is not valid. */
export function policyOf(rules: string, options?: CompileOptions): CompiledPolicy {
  const yaml = `version: 1\nmask_profiles: [pci, pii]\nrules:\n${rules.replaceAll(/^/gm, '  ')}\n`
  const { policy, revision, problems } = parsePolicy(yaml)
  if (policy === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  return compilePolicy(policy, revision, options)
}

/** One rule in a line: id, effect, subjects, actions, resources, and what else. */
export function rule(
  id: string,
  effect: string,
  subjects: string,
  actions: string,
  resources: string,
  more = '',
): string {
  const approval = effect === 'require_approval' ? ', approval: { approvers: [{ group: leads }] }' : ''
  const extra = more === '' ? '' : `, ${more}`
  return `- { id: ${id}, effect: ${effect}, subjects: [${subjects}], actions: [${actions}], resources: [${resources}]${approval}${extra} }`
}

export function person(subject: string, more: Partial<Principal> = {}): Principal {
  return {
    issuer: 'https://login.example',
    subject,
    displayName: undefined,
    groups: [],
    clientId: undefined,
    actors: [],
    method: 'jwt',
    credentialId: 'c1',
    expiresAtMs: 0,
    ...more,
  }
}

/** `effect rule` for `action resource`. */
export function ask(policy: CompiledPolicy, who: Principal, text: string, attributes = {}): string {
  const [action, resource] = text.split(/ (.*)/s)
  const { effect, ruleId } = policy.decide(who, { action, resource, attributes } as Operation)
  return `${effect} ${ruleId}`
}

export const alice = person('alice', { groups: ['payments'] })
export const bob = person('bob')
export const anyone = '{ anyone: true }'
