import { byteSize, duration, hostPort, secret } from '@weir/config'
import { gatewayIdPattern } from '@weir/contracts'
import { issuerSchema } from '@weir/identity'
import { z } from 'zod'

export const rights = ['evidence', 'policy', 'keys', 'gateways'] as const
export type Right = (typeof rights)[number]

const groupOf = z.union([z.string().min(1), z.strictObject({ group: z.string().min(1), issuer: z.url() })])
const holders = (what: string) =>
  z
    .array(groupOf)
    .default([])
    .describe(
      `Groups whose members may ${what}: a name, or \`{ group, issuer }\` where two issuers have groups of one name.`,
    )

const gatewayIds = z.array(z.string().regex(gatewayIdPattern)).min(1)

const gateway = z.union([
  z
    .strictObject({ ids: gatewayIds, issuer: z.url(), subject: z.string().min(1) })
    .describe('A gateway that proves itself by a token of this issuer and subject (client credentials).'),
  z
    .strictObject({ ids: gatewayIds, certificate: z.string().min(1) })
    .describe('A gateway that proves itself by a certificate of `tls.clientCa` with this common name or DNS name.'),
])
export type GatewayBinding = z.output<typeof gateway>

export const limitsSchema = z.strictObject({
  bodyBytes: byteSize({ min: '1KiB' }).prefault('1MiB').describe('Largest JSON body, so also the largest policy.'),
  segmentBytes: byteSize({ min: '1KiB' }).prefault('8MiB').describe('Largest evidence segment as it travels.'),
  requestTime: duration({ min: '1s' }).prefault('30s').describe('Time for a client to send its whole request.'),
  connections: z.int().positive().default(1_000).describe('Connections at a time; more are closed at once.'),
})
export type Limits = z.output<typeof limitsSchema>

export const controlPlaneSchema = z.strictObject({
  listen: hostPort().describe('Address of the HTTP API.'),
  tls: z
    .strictObject({
      certificate: z.string().describe('PEM of the server certificate, and of those above it.'),
      key: secret().describe('PEM of its private key.'),
      clientCa: z
        .string()
        .optional()
        .describe('PEM of the authority of gateways that prove themselves by certificate.'),
    })
    .optional()
    .describe('Serve HTTPS. Absent: plain HTTP, for loopback or behind a proxy that ends TLS.'),
  database: z
    .strictObject({
      url: secret().describe('postgres://user:password@host:5432/name, best given as ${DATABASE_URL}.'),
      connections: z.int().min(2).max(500).default(10).describe('Connections of this process to the database.'),
    })
    .optional()
    .describe('PostgreSQL 15 or newer. Absent: an embedded database in `dataDir`, which does not survive power loss.'),
  dataDir: z
    .string()
    .describe('Folder of the bundle signing key, and of the embedded database when there is no `database`.'),
  identity: z.strictObject({ issuers: z.array(issuerSchema).min(1) }),
  rights: z
    .strictObject({
      evidence: holders('look at sessions and evidence'),
      policy: holders('put a policy in force'),
      keys: holders('create, see and revoke the keys of others'),
      gateways: holders('see the gateway registry'),
    })
    .prefault({})
    .describe('Who may do what here. Nobody may do what is not named.'),
  gateways: z.array(gateway).default([]).describe('Which identity may speak for which gateway.'),
  policy: z
    .strictObject({
      initial: z.string().optional().describe('Policy file that is put in force when there is none yet.'),
      watch: z.string().optional().describe('Policy file that is put in force at start and whenever it is saved.'),
      signingKey: z
        .string()
        .optional()
        .describe('File of the Ed25519 key that signs bundles (PKCS #8 PEM); made when missing. Replicas share one.'),
    })
    .prefault({}),
  admin: z.strictObject({ bind: hostPort() }).describe('Address of /healthz, /readyz and /metrics.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least level that is logged.'),
  drain: duration().prefault('10s').describe('Time that requests get to finish after SIGTERM.'),
  limits: limitsSchema.prefault({}),
})
export type ControlPlaneConfig = z.output<typeof controlPlaneSchema>
