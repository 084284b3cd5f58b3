import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { WeirError } from '@weir/kernel'
import type { Clock, Logger, Stoppable } from '@weir/kernel'
import { faultOf } from '../store/faults.ts'
import type { Author, Store, StoredPolicy } from '../store/store.ts'
import { readPolicyText } from './policy-text.ts'

export type PolicyChange = {
  readonly yaml: string
  readonly by: Author
  readonly comment: string | undefined
  /** Revision that must be in force for the change to happen. */
  readonly expected: string | undefined
}

/** In force when nothing else is: nobody may do anything. */
const emptyPolicy = 'version: 1\nrules: []\n'
const itself: Author = { issuer: 'weir', subject: 'control-plane' }
const lookEveryMs = 500

/** Where policies come in: from people, and from the files that the configuration names. */
export class PolicyDesk implements Stoppable {
  readonly name = 'policy desk'
  readonly #store: Store
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #changed: () => Promise<void>
  #watched: string | undefined
  #applying: Promise<void> = Promise.resolve()

  constructor(parts: { store: Store; clock: Clock; logger: Logger; changed: () => Promise<void> }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#changed = parts.changed
  }

  /** Throws WEIR_POLICY_INVALID with line and column, or WEIR_POLICY_CONFLICT. */
  async apply(change: PolicyChange): Promise<StoredPolicy> {
    const { revision } = readPolicyText(change.yaml)
    const result = await this.#store.policies.apply({ ...change, revision, atMs: this.#clock.now() })
    if ('conflict' in result) {
      const message = `Revision ${result.conflict} is in force, not ${change.expected}; look at it, then apply over it.`
      throw new WeirError('WEIR_POLICY_CONFLICT', message)
    }
    this.#logger.info({ code: revision, principal: change.by.subject }, 'policy applied')
    await this.#changed()
    return result.applied
  }

  /** Makes sure that a policy is in force. A file with an error stops the start: WEIR_POLICY_INVALID. */
  async start(files: { readonly initial?: string | undefined; readonly watch?: string | undefined }): Promise<void> {
    if (files.watch !== undefined) {
      await this.#applyFile(files.watch, false)
      this.#watch(files.watch)
    } else if (files.initial !== undefined) {
      await this.#applyFile(files.initial, true)
    }
    const { revision } = readPolicyText(emptyPolicy)
    const empty = { revision, yaml: emptyPolicy, by: itself, comment: 'Nothing is allowed yet.' }
    await this.#store.policies.apply({ ...empty, expected: undefined, atMs: this.#clock.now(), onlyFirst: true })
  }

  async stop(): Promise<void> {
    if (this.#watched !== undefined) unwatchFile(this.#watched)
    await this.#applying
  }

  async #applyFile(path: string, onlyFirst: boolean): Promise<void> {
    const yaml = read(path)
    const { revision } = readPolicyText(yaml, path)
    const change = { revision, yaml, by: itself, comment: `from ${path}`, expected: undefined, atMs: this.#clock.now() }
    const result = await this.#store.policies.apply({ ...change, onlyFirst })
    if ('applied' in result) this.#logger.info({ path, code: revision }, 'policy file in force')
  }

  /** By looking, not by notices of the file system: those get lost when an editor puts a new file in place of the old one. */
  #watch(path: string): void {
    this.#watched = path
    watchFile(path, { interval: lookEveryMs }, () => {
      this.#applying = this.#applying.then(() => this.#reapply(path))
    })
  }

  async #reapply(path: string): Promise<void> {
    try {
      await this.#applyFile(path, false)
      await this.#changed()
    } catch (error) {
      const reason = error instanceof WeirError ? error.message : faultOf(error).summary
      this.#logger.error({ path, reason }, 'policy file not applied, the policy before it stays in force')
    }
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const message = `The policy file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`
    throw new WeirError('WEIR_POLICY_INVALID', message, { cause: error })
  }
}
