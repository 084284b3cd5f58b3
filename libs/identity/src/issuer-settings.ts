import { duration } from '@weir/config'
import { z } from 'zod'
import { defaultAlgorithms } from './authenticator.ts'
import type { IssuerSettings } from './authenticator.ts'

/** One issuer as a configuration file names it; see {@link issuersOf}. */
export const issuerSchema = z.strictObject({
  issuer: z.url().describe('The `iss` of the tokens; its discovery document names the keys.'),
  audiences: z.array(z.string()).min(1).describe('Accepted values of `aud`.'),
  algorithms: z.array(z.string()).min(1).default(defaultAlgorithms).describe('Signature algorithms that are accepted.'),
  groupsClaim: z.string().default('groups').describe('Claim that holds the groups; a dotted path goes into objects.'),
  clockTolerance: duration().prefault('30s').describe('By how much clocks may differ.'),
  jwksUri: z.url().optional().describe('Only for issuers without a discovery document.'),
  requireType: z.literal('at+jwt').optional().describe('Accept access tokens by RFC 9068 only.'),
})

/** What the authenticator takes, from what the file says. */
export function issuersOf(written: readonly z.output<typeof issuerSchema>[]): IssuerSettings[] {
  return written.map(({ clockTolerance, ...issuer }) => ({ ...issuer, clockToleranceMs: clockTolerance }))
}
