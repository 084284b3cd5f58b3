import type { BrokerTls, Credential, KafkaOptions } from './kafka.ts'

/** What one node listens on. The names of plain listeners come from the options. */
export type NodePorts = {
  readonly client: number
  readonly controller: number
  readonly plain: Readonly<Record<string, number>>
}

/** The brokers' own user towards each other and the controller. */
export const brokerUser: Credential = { username: 'broker', password: 'broker-to-broker' }

/**
 * The server.properties of node `id`: node 1 is controller and broker, the others are brokers. Every listener but the
 * plain ones asked for demands a credential, the controller's too: it would take topic and ACL changes from anybody.
 */
export function serverProperties(
  id: number,
  nodes: readonly NodePorts[],
  options: KafkaOptions & { readonly credential: Credential },
  logDir: string,
): string {
  const own = nodes[id - 1]!
  const plain = Object.entries(options.plainListeners ?? {})
  const users = [brokerUser, options.credential, ...(options.users ?? [])]
  const replicas = String(Math.min(3, nodes.length))
  const inSync = String(Math.min(2, nodes.length))
  const listeners = [
    `CLIENT://127.0.0.1:${own.client}`,
    ...plain.map(([name]) => `${name}://127.0.0.1:${own.plain[name]}`),
  ]
  const advertised = [
    `CLIENT://127.0.0.1:${own.client}`,
    ...plain.map(
      ([name, o]) =>
        `${name}://127.0.0.1:${o.advertisedPort === undefined ? own.plain[name] : o.advertisedPort + id - 1}`,
    ),
  ]
  const properties: Record<string, string> = {
    'process.roles': id === 1 ? 'broker,controller' : 'broker',
    'node.id': String(id),
    'log.dirs': logDir,
    'controller.quorum.voters': `1@127.0.0.1:${nodes[0]!.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'CLIENT',
    listeners: [...listeners, ...(id === 1 ? [`CONTROLLER://127.0.0.1:${own.controller}`] : [])].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': [
      `CLIENT:${options.tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'}`,
      'CONTROLLER:SASL_PLAINTEXT',
      ...plain.map(([name]) => `${name}:PLAINTEXT`),
    ].join(','),
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.controller.sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    'listener.name.client.plain.sasl.jaas.config': plainLogin(users),
    'listener.name.controller.plain.sasl.jaas.config': plainLogin([brokerUser]),
    'listener.name.client.scram-sha-256.sasl.jaas.config': scramLogin,
    'listener.name.client.scram-sha-512.sasl.jaas.config': scramLogin,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    // One partition of each internal topic is made when first used; the stock 50 cost a test its first seconds.
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...(options.authorizer === true && {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': [brokerUser, options.credential].map((user) => `User:${user.username}`).join(';'),
    }),
    ...(options.tls !== undefined && prefixed('listener.name.client.', brokerTls(options.tls))),
    ...options.properties,
  }
  return propertiesText(properties)
}

/** The client settings with which a user passes the CLIENT listener, as a properties file for the Java tools. */
export function clientProperties(user: Credential, tls?: BrokerTls): string {
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user.username}" password="${user.password}";`
  return propertiesText({
    'security.protocol': tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL',
    'sasl.mechanism': 'PLAIN',
    'sasl.jaas.config': login,
    ...(tls !== undefined && tlsStores(tls)),
  })
}

function brokerTls(tls: BrokerTls): Record<string, string> {
  return { ...tlsStores(tls), 'ssl.client.auth': tls.clientCertificates === true ? 'required' : 'none' }
}

/** The broker's own certificate also serves where it, or a tool, is the client: one authority vouches for all of them. */
function tlsStores({ authority, certificate, key }: BrokerTls): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': certificate,
    'ssl.keystore.key': key,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': authority,
    // The certificate may carry a name that is no address.
    'ssl.endpoint.identification.algorithm': '',
  }
}

function prefixed(prefix: string, properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [`${prefix}${name}`, value]))
}

/** One line each: a line end within a value is written as Java reads it. */
function propertiesText(properties: Readonly<Record<string, string>>): string {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value.trim().replaceAll('\n', '\\n')}`)
  return `${lines.join('\n')}\n`
}

const scramLogin = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'

function plainLogin(users: readonly Credential[]): string {
  const own = `username="${brokerUser.username}" password="${brokerUser.password}"`
  const known = users.map((user) => `user_${user.username}="${user.password}"`).join(' ')
  return `org.apache.kafka.common.security.plain.PlainLoginModule required ${own} ${known};`
}
