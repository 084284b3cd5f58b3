/** A whole Weir as an operator runs it: an issuer, PostgreSQL, and the control plane and the gateway as processes of their own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, needs, startDevIssuer, startPostgres, startProcess } from '@weir/testing'
import type { Kafka, RunningProcess } from '@weir/testing'
import { generatePolicy, principal } from './policy.ts'

export type Weir = {
  readonly bootstrap: string
  readonly gatewayPid: number
  readonly controlPlanePid: number
  readonly database: 'PostgreSQL' | 'PGlite'
  /** The password of the measured client. */
  readonly token: string
  stop(): Promise<void>
}

const host = '127.0.0.1'
const audience = { client: 'weir-kafka', controlPlane: 'weir-control-plane' }
const machine = { clientId: 'kafka-gateway', clientSecret: 'kafka-gateway-secret' }
const readyTimeoutMs = 60_000
const tokenLifetimeS = 6 * 3_600

export async function startWeir(options: {
  kafka: Kafka
  folder: string
  rules: number
  profile: string | undefined
}): Promise<Weir> {
  const { kafka, folder, rules, profile } = options
  const started: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const end of started.toReversed()) await end()
  }
  try {
    const issuer = await startDevIssuer({
      people: [{ subject: principal.subject, groups: [principal.group] }],
      machines: [{ ...machine, groups: [] }],
      audiences: Object.values(audience),
    })
    started.push(() => issuer.stop())
    const postgres = needs('postgres') ? await startPostgres() : undefined
    if (postgres !== undefined) started.push(() => postgres.stop())

    const ports = await choosePorts()
    const files = writeConfiguration({ folder, issuer: issuer.issuer, database: postgres?.url, ports, kafka, rules })
    const controlPlane = await launch('control-plane', folder, files.controlPlane, ports.controlPlaneAdmin, [])
    started.push(() => controlPlane.stop())
    const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
    const gateway = await launch('kafka-gateway', folder, files.gateway, ports.gatewayAdmin, flags)
    started.push(() => gateway.stop())
    return {
      bootstrap: `${host}:${ports.gateway}`,
      gatewayPid: gateway.pid,
      controlPlanePid: controlPlane.pid,
      database: postgres === undefined ? 'PGlite' : 'PostgreSQL',
      token: await issuer.token(principal.subject, { audience: audience.client, expiresInSeconds: tokenLifetimeS }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

type Ports = Record<'controlPlane' | 'controlPlaneAdmin' | 'gateway' | 'gatewayAdmin' | 'broker', number>

async function choosePorts(): Promise<Ports> {
  return {
    controlPlane: await freePort(),
    controlPlaneAdmin: await freePort(),
    gateway: await freePort(),
    gatewayAdmin: await freePort(),
    broker: await freePort(),
  }
}

function writeConfiguration(parts: {
  folder: string
  issuer: string
  database: string | undefined
  ports: Ports
  kafka: Kafka
  rules: number
}): { controlPlane: string; gateway: string } {
  const { folder, issuer, database, ports, kafka } = parts
  // JSON is YAML, and YAML is what the services read.
  const write = (name: string, content: object) => {
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify(content), { mode: 0o600 })
    return path
  }
  const policy = join(folder, 'policy.yaml')
  writeFileSync(policy, generatePolicy(parts.rules))
  const dataDir = (name: string) => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  }
  const controlPlaneData = dataDir('control-plane')
  return {
    controlPlane: write('control-plane.yaml', {
      listen: `${host}:${ports.controlPlane}`,
      dataDir: controlPlaneData,
      ...(database === undefined ? {} : { database: { url: database } }),
      identity: { issuers: [{ issuer, audiences: [audience.controlPlane] }] },
      gateways: [{ ids: ['kafka-1'], issuer, subject: machine.clientId }],
      policy: { initial: policy },
      admin: { bind: `${host}:${ports.controlPlaneAdmin}` },
    }),
    gateway: write('kafka-gateway.yaml', {
      gatewayId: 'kafka-1',
      dataDir: dataDir('kafka-gateway'),
      listener: { bind: `${host}:${ports.gateway}`, brokerPortBase: ports.broker - 1 },
      upstream: { bootstrap: [kafka.bootstrap], sasl: { mechanism: 'SCRAM-SHA-512', ...kafka.credential } },
      identity: { issuers: [{ issuer, audiences: [audience.client] }] },
      controlPlane: {
        url: `http://${host}:${ports.controlPlane}`,
        bundleKey: `\${file:${join(controlPlaneData, 'bundle-key.pub')}}`,
        credentials: { issuer, ...machine, audience: audience.controlPlane },
      },
      admin: { bind: `${host}:${ports.gatewayAdmin}` },
    }),
  }
}

async function launch(
  app: string,
  folder: string,
  config: string,
  adminPort: number,
  flags: readonly string[],
): Promise<RunningProcess> {
  const source = fileURLToPath(new URL(`../../../../apps/${app}/src/main.ts`, import.meta.url))
  const logFile = join(folder, `${app}.log`)
  const running = await startProcess(process.execPath, [...flags, source, '--config', config], { logFile })
  const deadline = Date.now() + readyTimeoutMs
  while (Date.now() < deadline && running.running) {
    const answer = await fetch(`http://${host}:${adminPort}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    )
    await answer?.body?.cancel()
    if (answer?.ok === true) return running
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await running.stop()
  throw new Error(`The ${app} did not become ready:\n${running.output()}`)
}
