import { duration, hostPort } from '@weir/config'
import { gatewayIdPattern } from '@weir/contracts'
import { issuerSchema } from '@weir/identity'
import { z } from 'zod'
import { controlPlaneSettings } from './control-plane-settings.ts'

/** What every gateway is told besides its protocol: its name, its folder, who verifies identities, where the control plane is. */
export const gatewaySettings = {
  gatewayId: z
    .string()
    .regex(gatewayIdPattern, 'lower-case letters, digits, dots and dashes, at most 63')
    .describe('Name of this installation in the registry and on every piece of evidence.'),
  dataDir: z.string().describe('Folder for the evidence spool, the installation key and the cached policy bundle.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least level that is logged.'),
  drain: duration().prefault('10s').describe('Time that connections get to finish after SIGTERM.'),
  admin: z.strictObject({ bind: hostPort() }).describe('Address of /healthz, /readyz and /metrics.'),
  identity: z.strictObject({ issuers: z.array(issuerSchema).min(1) }),
  controlPlane: controlPlaneSettings,
}

/** The checked settings that every gateway has. */
export type GatewaySettings = z.output<ReturnType<typeof gatewaySchema>>

/** The schema of the shared part alone; a front end spreads `gatewaySettings` into its own. */
export function gatewaySchema() {
  return z.strictObject(gatewaySettings)
}
