import type { ExplainQuery, Operation, Principal } from '@weir/contracts'
import { protocols } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Clock } from '@weir/kernel'
import { parsePolicy } from '@weir/policy'
import type { PolicyDesk } from '../policy/policy-desk.ts'
import { readPolicyText } from '../policy/policy-text.ts'
import type { Author, Store, StoredPolicy } from '../store/store.ts'
import type { Handlers } from './handlers.ts'

export function policyRoutes(parts: {
  store: Store
  desk: PolicyDesk
  clock: Clock
}): Pick<Handlers, 'policy' | 'policies' | 'applyPolicy' | 'checkPolicy' | 'explainPolicy'> {
  const { store, desk, clock } = parts
  const current = async (): Promise<StoredPolicy> => {
    const policy = await store.policies.current()
    if (policy === undefined) throw new WeirError('WEIR_NOT_FOUND', 'There is no policy yet.')
    return policy
  }
  return {
    policy: async () => viewOf(await current()),

    async policies({ query }) {
      const { items, next } = await store.policies.list(query)
      return { policies: items.map(viewOf), next }
    },

    async applyPolicy({ body, caller }) {
      if (caller.principal.actors.length > 0) {
        throw new WeirError('WEIR_FORBIDDEN', 'A policy is put in force by a person, not by whoever acts for one.')
      }
      const { yaml, comment, expected } = body
      return viewOf(await desk.apply({ yaml, comment, expected, by: caller.principal }))
    },

    async checkPolicy({ body }) {
      const { policy, revision, problems } = parsePolicy(body.yaml)
      const valid = policy !== undefined && problems.every((problem) => problem.severity !== 'error')
      return { valid, ...(valid ? { revision } : {}), problems: [...problems] }
    },

    async explainPolicy({ body }) {
      const { compiled } = readPolicyText(body.yaml ?? (await current()).yaml)
      const { considered, obligations, ...explanation } = compiled.explain(principalOf(body, clock), operationOf(body))
      return {
        ...explanation,
        obligations: { ...obligations, mask: [...obligations.mask] },
        considered: [...considered],
      }
    },
  }
}

function viewOf({ appliedAtMs, appliedBy, comment, ...policy }: StoredPolicy) {
  return {
    ...policy,
    appliedAt: new Date(appliedAtMs).toISOString(),
    appliedBy: nameOf(appliedBy),
    ...(comment === undefined ? {} : { comment }),
  }
}

/** The subject alone could be that of another issuer. */
export function nameOf({ issuer, subject }: Author): string {
  return `${subject} (${issuer})`
}

function principalOf({ principal }: ExplainQuery, clock: Clock): Principal {
  return {
    issuer: principal.issuer,
    subject: principal.subject,
    displayName: undefined,
    groups: principal.groups,
    clientId: principal.clientId,
    actors: principal.actors,
    method: 'jwt',
    credentialId: 'explain',
    expiresAtMs: clock.now(),
  }
}

function operationOf({ action, resource, attributes }: ExplainQuery): Operation {
  const [protocol, kind, ...name] = resource.split(':')
  if (!protocols.some((known) => known === protocol) || !kind || name.join(':') === '') {
    const message = `\`resource\` is not <protocol>:<kind>:<name>, e.g. kafka:topic:orders; the protocols are ${protocols.join(', ')}.`
    throw new WeirError('WEIR_INVALID_REQUEST', message)
  }
  return { action, resource: resource as Operation['resource'], attributes }
}
