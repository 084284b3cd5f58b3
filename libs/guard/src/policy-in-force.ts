import type { Bundle } from '@weir/contracts'
import { compilePolicy, describePolicyProblems, parsePolicy } from '@weir/policy'
import type { CompiledPolicy } from '@weir/policy'

/** Keeps the compiled policy; a bundle whose policy does not compile changes nothing. */
export class PolicyInForce {
  #current: CompiledPolicy | undefined
  #announce: () => void = () => {}
  /** Resolves when there is a policy. */
  readonly first = new Promise<void>((resolve) => {
    this.#announce = resolve
  })

  current(): CompiledPolicy | undefined {
    return this.#current
  }

  /** Returns why not, when the bundle's policy cannot be used. */
  replace(bundle: Bundle): string | undefined {
    if (bundle.policy.revision === this.#current?.revision) return undefined
    const { policy, revision, problems } = parsePolicy(bundle.policy.yaml)
    if (policy === undefined) return describePolicyProblems(problems).join('; ')
    if (revision !== bundle.policy.revision) return `its text has revision ${revision}, not ${bundle.policy.revision}`
    this.#current = compilePolicy(policy, revision)
    this.#announce()
    return undefined
  }
}
