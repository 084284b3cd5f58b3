import type { Principal, Refusal } from '@weir/contracts'
import { expect } from 'vitest'
import type { Authenticator } from '../src/authenticator.ts'

/** The principal, or a failed test that says why it was refused. */
export function admitted(result: Awaited<ReturnType<Authenticator['verify']>>): Principal {
  if ('refused' in result) throw new Error(`${result.code}: ${result.reason}`)
  return result
}

/** The refusal, which must not repeat the credential nor make it known. */
export async function refusal(credential: string, by: Authenticator): Promise<Refusal> {
  const result = await by.verify(credential)
  if (!('refused' in result)) throw new Error(`admitted ${result.subject}`)
  if (credential.length > 20) expect(result.reason).not.toContain(credential.slice(0, 20))
  expect(by.known(credential)).toBeUndefined()
  return result
}
