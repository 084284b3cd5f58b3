/** Ready client files: rewritten at each start, so that a copied line always works. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApiClient } from '@weir/control-plane-client'
import { clientAudience, controlPlaneAudience, controlPlaneUrl, issuerUrl } from './configuration.ts'
import type { Folders, Ports } from './layout.ts'
import { machines, people } from './people.ts'

/** Signs a token as the dev issuer. */
export type TokenSource = (subject: string, audience: string, lifetimeS: number) => Promise<string>

const keyLifetimeMs = 7 * 24 * 3_600_000
const tokenLifetimeS = 12 * 3_600
const keyDescription = 'sandbox client file'

/**
 * For each person: a Weir key in `<who>.kafka.properties` (short, so that kcat's reader takes it too), a token in `<who>.token`
 * and the same login by token in `<who>.token.kafka.properties`. For each machine: OAUTHBEARER with its client credentials.
 */
export async function writeClientFiles(ports: Ports, folders: Folders, token: TokenSource): Promise<void> {
  mkdirSync(folders.clients, { recursive: true, mode: 0o700 })
  const keys = await mintKeys(ports, token)
  for (const { subject } of people) {
    const bearer = await token(subject, clientAudience, tokenLifetimeS)
    write(folders, `${subject}.token`, bearer)
    write(folders, `${subject}.kafka.properties`, plainLogin(subject, keys.get(subject) ?? bearer))
    write(folders, `${subject}.token.kafka.properties`, plainLogin(subject, bearer))
  }
  for (const machine of machines) {
    if (machine.clientId === 'kafka-gateway') continue
    write(folders, `${machine.clientId}.token`, await token(machine.clientId, clientAudience, tokenLifetimeS))
    write(folders, `${machine.clientId}.kafka.properties`, bearerLogin(ports, machine.clientId, machine.clientSecret))
  }
}

/** One new key for each person; the keys of earlier starts are revoked. */
async function mintKeys(ports: Ports, token: TokenSource): Promise<ReadonlyMap<string, string>> {
  const api = createApiClient({
    baseUrl: controlPlaneUrl(ports),
    token: () => token('carol', controlPlaneAudience, 300),
  })
  const { keys: earlier } = await api.call('keys', {})
  for (const key of earlier) {
    if (key.description === keyDescription && key.revokedAt === undefined)
      await api.call('revokeKey', { params: { id: key.id } })
  }
  const secrets = new Map<string, string>()
  for (const { subject, groups } of people) {
    const key = await api.call('createKey', {
      body: {
        issuer: issuerUrl(ports),
        subject,
        displayName: subject,
        groups: [...groups],
        description: keyDescription,
        expiresInMs: keyLifetimeMs,
      },
    })
    secrets.set(subject, key.secret)
  }
  return secrets
}

function plainLogin(username: string, password: string): string {
  return [
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=PLAIN',
    `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="${username}" password="${password}";`,
  ].join('\n')
}

/** KIP-1139: client credentials without a line of code, in the Java tools. */
function bearerLogin(ports: Ports, clientId: string, clientSecret: string): string {
  return [
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=OAUTHBEARER',
    'sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler',
    `sasl.oauthbearer.token.endpoint.url=${issuerUrl(ports)}/token`,
    `sasl.oauthbearer.client.credentials.client.id=${clientId}`,
    `sasl.oauthbearer.client.credentials.client.secret=${clientSecret}`,
    'sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
  ].join('\n')
}

function write(folders: Folders, name: string, content: string): void {
  writeFileSync(join(folders.clients, name), `${content}\n`, { mode: 0o600 })
}
