/** The ways to the same broker that are compared. Clients speak SASL_PLAINTEXT with PLAIN on all of them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, startKafka, startProcess } from '@weir/testing'
import type { Kafka, RunningProcess } from '@weir/testing'
import type { KafkaBenchOptions, PathName } from './options.ts'
import type { Client } from './perf-tools.ts'
import { startWeir } from './weir.ts'
import type { Weir } from './weir.ts'
import { principal } from './policy.ts'

/** `pid`: the process that stands between client and broker. */
export type Path = Client & { readonly name: PathName; readonly pid: number | undefined }

export type Setup = {
  readonly kafka: Kafka
  readonly paths: readonly Path[]
  readonly weir: Weir | undefined
  stop(): Promise<void>
}

const credential = { username: 'gateway', password: 'gateway-to-broker' }
const jvmOptions = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC']

export async function startPaths(options: KafkaBenchOptions, folder: string): Promise<Setup> {
  const started: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const end of started.toReversed()) await end()
  }
  try {
    const pipePort = await freePort()
    const kafka = await startKafka({
      credential,
      jvmOptions,
      plainListeners: { PIPE: { advertisedPort: pipePort } },
      properties: pipeListenerProperties,
    })
    started.push(() => kafka.stop())
    const paths: Path[] = []
    let weir: Weir | undefined
    for (const name of options.paths) {
      const file = join(folder, `${name}.properties`)
      if (name === 'direct') {
        paths.push({ name, bootstrap: kafka.bootstrap, propertiesFile: logIn(file, credential), pid: undefined })
      } else if (name === 'pipe') {
        const pipe = await startPipe(pipePort, kafka.brokers[0]!.plainPorts['PIPE']!)
        started.push(() => pipe.stop())
        paths.push({ name, bootstrap: `127.0.0.1:${pipePort}`, propertiesFile: logIn(file, credential), pid: pipe.pid })
      } else {
        const { rules, profile } = options
        weir = await startWeir({ kafka, folder, rules, profile })
        started.push(weir.stop)
        const login = { username: principal.subject, password: weir.token }
        paths.push({ name, bootstrap: weir.bootstrap, propertiesFile: logIn(file, login), pid: weir.gatewayPid })
      }
    }
    return { kafka, paths, weir, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The listener behind the pipe asks for the same login as the one behind the gateway, so that nothing differs but the relay. */
const pipeListenerProperties = {
  'listener.security.protocol.map': 'CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,PIPE:SASL_PLAINTEXT',
  'listener.name.pipe.sasl.enabled.mechanisms': 'PLAIN',
  'listener.name.pipe.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_${credential.username}="${credential.password}";`,
  'log.segment.delete.delay.ms': '1000',
}

async function startPipe(listenPort: number, brokerPort: number): Promise<RunningProcess> {
  const script = fileURLToPath(new URL('pipe-process.ts', import.meta.url))
  const pipe = await startProcess(process.execPath, [script, String(listenPort), String(brokerPort)])
  await pipe.waitFor(/listening/)
  return pipe
}

function logIn(path: string, { username, password }: { username: string; password: string }): string {
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule'
  const lines = [
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=PLAIN',
    `sasl.jaas.config=${module} required username="${username}" password="${password}";`,
  ]
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 })
  return path
}
