import { readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { kafkaTool } from './kafka-distribution.ts'
import { freePort } from './ports.ts'
import { runProcess } from './process.ts'
import { needs } from './servers.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('every tool stands there with and without .sh', () => {
  const names = readdirSync(dirname(kafkaTool('kafka-topics'))).filter((name) => name !== 'kafka-tool')
  const bare = names.filter((name) => !name.endsWith('.sh'))
  expect(bare.length).toBeGreaterThan(20)
  expect(names.toSorted()).toEqual(bare.flatMap((name) => [name, `${name}.sh`]).toSorted())
  expect(() => kafkaTool('kafka-nonsense')).toThrow('kafka-nonsense')
})

test('jars that are not in the cache are said to be missing, with the command that fetches them', async () => {
  const folder = temporaryFolder()
  const env = { XDG_CACHE_HOME: folder.path }
  const { code, stderr } = await runProcess(kafkaTool('kafka-topics'), ['--version'], { env })
  expect(code).toBe(1)
  expect(stderr).toContain('npm run servers')
  folder.remove()
})

test.skipIf(!needs('kafka'))('a loopback token URL of the properties file may be used, any other may not', async () => {
  const folder = temporaryFolder()
  const list = async (url: string) => {
    const path = join(folder.path, 'client.properties')
    const login =
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="a" clientSecret="b";'
    const handler = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler'
    writeFileSync(
      path,
      `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=${url}\n` +
        `sasl.login.callback.handler.class=${handler}\nsasl.jaas.config=${login}\n` +
        'sasl.login.retry.backoff.ms=1\nsasl.login.retry.backoff.max.ms=1\n',
    )
    const args = ['--bootstrap-server', '127.0.0.1:1', '--command-config', path, '--list']
    const { stdout, stderr } = await runProcess(kafkaTool('kafka-topics'), args)
    return stdout + stderr
  }
  const port = await freePort()
  expect(await list(`http://127.0.0.1:${port}/token`)).toContain('Connection refused')
  expect(await list('http://token.invalid/token')).toContain('cannot be accessed due to restrictions')
  folder.remove()
})
