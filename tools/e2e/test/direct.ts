/** The log as it is at the broker itself, past the gateway: what no client saw and no evidence tells. */
import { runProcess } from '@weir/testing'
import { kcatFormat, readKcat } from './clients.ts'
import type { Seen } from './clients.ts'
import type { System } from './system.ts'

/** Every record of partition 0, in order, by kcat, which reads every compression. */
export async function readOffsets({ kafka }: System, topic: string): Promise<Seen[]> {
  const { username, password } = kafka.credential
  const login = [
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=PLAIN',
    `sasl.username=${username}`,
    `sasl.password=${password}`,
  ]
  const args = ['-b', kafka.bootstrap, ...login.flatMap((setting) => ['-X', setting])]
  const read = ['-C', '-t', topic, '-p', '0', '-o', 'beginning', '-e', '-f', kcatFormat]
  const { code, stdout, stderr } = await runProcess('kcat', [...args, ...read])
  if (code !== 0) throw new Error(`kcat exited with ${code}:\n${stderr}`)
  return readKcat(stdout)
}
