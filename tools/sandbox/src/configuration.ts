/** The configuration files of the sandbox's services: the same that an operator would write. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Folders, Ports } from './layout.ts'
import { machines } from './people.ts'

export const clientAudience = 'weir'
export const controlPlaneAudience = 'weir-control-plane'

const host = '127.0.0.1'

export type ConfigurationFiles = { readonly controlPlane: string; readonly kafkaGateway: string }

export function writeConfiguration(
  ports: Ports,
  folders: Folders,
  broker: { readonly bootstrap: string; readonly username: string; readonly password: string },
  databaseUrl?: string,
): ConfigurationFiles {
  const issuer = issuerUrl(ports)
  const secret = (name: string, value: string) => {
    const path = join(folders.secrets, name)
    writeFileSync(path, `${value}\n`, { mode: 0o600 })
    return `\${file:${path}}`
  }
  const gatewayMachine = machines.find((machine) => machine.clientId === 'kafka-gateway')
  const leads = ['platform-leads']
  const controlPlane = write(folders, 'control-plane.yaml', {
    listen: `${host}:${ports.controlPlane}`,
    dataDir: join(folders.data, 'control-plane'),
    ...(databaseUrl !== undefined && { database: { url: secret('database-url', databaseUrl) } }),
    identity: { issuers: [{ issuer, audiences: [controlPlaneAudience] }] },
    rights: { evidence: leads, policy: leads, keys: leads, gateways: leads },
    gateways: [{ ids: ['kafka-1'], issuer, subject: gatewayMachine?.clientId }],
    policy: { watch: folders.policy },
    admin: { bind: `${host}:${ports.controlPlaneAdmin}` },
  })
  const kafkaGateway = write(folders, 'kafka-gateway.yaml', {
    gatewayId: 'kafka-1',
    dataDir: join(folders.data, 'kafka-gateway'),
    listener: { bind: `${host}:${ports.kafka}`, brokerPortBase: ports.kafkaBrokers },
    upstream: {
      bootstrap: [broker.bootstrap],
      sasl: {
        mechanism: 'SCRAM-SHA-512',
        username: broker.username,
        password: secret('broker-password', broker.password),
      },
    },
    identity: { issuers: [{ issuer, audiences: [clientAudience] }] },
    controlPlane: {
      url: controlPlaneUrl(ports),
      bundleKey: `\${file:${join(folders.data, 'control-plane', 'bundle-key.pub')}}`,
      credentials: {
        issuer,
        clientId: gatewayMachine?.clientId,
        clientSecret: secret('kafka-gateway-client-secret', gatewayMachine?.clientSecret ?? ''),
        audience: controlPlaneAudience,
      },
    },
    admin: { bind: `${host}:${ports.kafkaAdmin}` },
  })
  return { controlPlane, kafkaGateway }
}

export function issuerUrl(ports: Ports): string {
  return `http://${host}:${ports.issuer}`
}

export function controlPlaneUrl(ports: Ports): string {
  return `http://${host}:${ports.controlPlane}`
}

function write(folders: Folders, name: string, content: object): string {
  const path = join(folders.config, name)
  writeFileSync(path, `# Written at each start of the sandbox.\n${stringify(content)}`)
  return path
}
