import type { ErrorBody } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import { compilePolicy, parsePolicy } from '@weir/policy'
import type { CompiledPolicy } from '@weir/policy'

/** A policy that cannot be used, with the line and column of every problem. */
export class PolicyRejected extends WeirError {
  readonly details: NonNullable<ErrorBody['error']['details']>

  constructor(fileName: string, problems: readonly { message: string; line: number; column: number }[]) {
    const lines = problems.map(({ line, column, message }) => `${fileName}:${line}:${column}: ${message}`)
    super('WEIR_POLICY_INVALID', lines.join('\n'))
    this.details = problems.map(({ message, line, column }) => ({ message, line, column }))
  }
}

export type PolicyText = { readonly revision: string; readonly compiled: CompiledPolicy }

/** Parses and compiles: what passes here can be decided with. Throws {@link PolicyRejected}. */
export function readPolicyText(yaml: string, fileName = 'policy'): PolicyText {
  const { policy, revision, problems } = parsePolicy(yaml, fileName)
  const errors = problems.filter((problem) => problem.severity === 'error')
  if (policy === undefined || errors.length > 0) throw new PolicyRejected(fileName, errors)
  return { revision, compiled: compilePolicy(policy, revision) }
}
