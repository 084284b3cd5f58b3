import { duration, hostPort } from '@weir/config'
import { z } from 'zod'
import { controlPlaneSettings } from './control-plane-settings.ts'

/** What every gateway is told besides its protocol: its name, its folder, who verifies identities, where the control plane is. */
export const gatewaySettings = {
  gatewayId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'lower-case letters, digits, dots and dashes, at most 63')
    .describe('Name of this installation in the registry and on every piece of evidence.'),
  dataDir: z.string().describe('Folder for the evidence spool, the installation key and the cached policy bundle.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least level that is logged.'),
  drain: duration().prefault('10s').describe('Time that connections get to finish after SIGTERM.'),
  admin: z.strictObject({ bind: hostPort() }).describe('Address of /healthz, /readyz and /metrics.'),
  identity: z.strictObject({
    issuers: z
      .array(
        z.strictObject({
          issuer: z.url().describe('The `iss` of the tokens; its discovery document names the keys.'),
          audiences: z.array(z.string()).min(1).describe('Accepted values of `aud`.'),
          algorithms: z
            .array(z.string())
            .min(1)
            .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
            .describe('Signature algorithms that are accepted.'),
          groupsClaim: z
            .string()
            .default('groups')
            .describe('Claim that holds the groups; a dotted path goes into objects.'),
          clockTolerance: duration().prefault('30s').describe('By how much clocks may differ.'),
          jwksUri: z.url().optional().describe('Only for issuers without a discovery document.'),
          requireType: z.literal('at+jwt').optional().describe('Accept access tokens by RFC 9068 only.'),
        }),
      )
      .min(1),
  }),
  controlPlane: controlPlaneSettings,
}

export type GatewaySettings = z.output<ReturnType<typeof gatewaySchema>>

/** The schema of the shared part alone; a front end spreads `gatewaySettings` into its own. */
export function gatewaySchema() {
  return z.strictObject(gatewaySettings)
}
