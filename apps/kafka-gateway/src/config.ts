import { byteSize, duration, hostPort, secret } from '@weir/config'
import { clientTlsSettings, gatewaySettings } from '@weir/guard'
import { z } from 'zod'
import { listenerSettings } from './config-listener.ts'
import { isBeyondLoopback } from './plaintext.ts'

/** Every wait, buffer and count that a client can drive has a name and a bound. */
export const limitsSchema = z.strictObject({
  maxFrameBytes: byteSize()
    .prefault('100MiB')
    .describe('Largest request or response; as the broker’s socket.request.max.bytes.'),
  maxFrameBytesBeforeAuthentication: byteSize()
    .prefault('64KiB')
    .describe('The same for clients that have not proven who they are.'),
  authenticationTimeout: duration()
    .prefault('10s')
    .describe('From the connection to a proven identity, the TLS handshake included.'),
  idleTimeout: duration()
    .prefault('10m')
    .describe('A connection without a request for this long is closed, as a broker does.'),
  maxConnections: z.int().positive().default(10_000).describe('Open client connections; more are closed at once.'),
  maxRequestsInFlight: z.int().positive().default(1_024).describe('Per connection; reading pauses above it.'),
  maxBufferedBytes: byteSize()
    .prefault('8MiB')
    .describe('Bytes waiting in one direction of one connection; reading pauses above it.'),
  maxFetchSessionPartitions: z
    .int()
    .positive()
    .default(10_000)
    .describe('Per connection; above it fetches go on without a session.'),
  connectTimeout: duration().prefault('10s').describe('To reach a broker and log in.'),
})

const upstream = z.strictObject({
  bootstrap: z.array(hostPort()).min(1).describe('Brokers to begin with.'),
  tls: clientTlsSettings.optional().describe('Speak TLS with the brokers. Absent: plain TCP.'),
  sasl: z
    .strictObject({
      mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).describe('What the brokers’ listener offers.'),
      username: z.string().describe('The gateway’s user at the brokers.'),
      password: secret(),
    })
    .optional()
    .describe('The credential of the gateway; clients never see it.'),
  refresh: duration().prefault('15s').describe('How often brokers, topics and versions are asked again.'),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe('Send the password of mechanism PLAIN over plain TCP beyond loopback, where it can be read on the way.'),
})

/** Where the brokers are, and how the gateway proves itself to them: a password in clear needs TLS, or a word that it does not. */
export const upstreamSettings = upstream.superRefine(({ bootstrap, tls, sasl, allowPlaintext }, context) => {
  if (sasl?.mechanism !== 'PLAIN' || tls !== undefined || allowPlaintext) return
  if (!bootstrap.some(({ host }) => isBeyondLoopback(host))) return
  const message =
    'sends the password in clear: set `upstream.tls`, or a SCRAM mechanism here; `upstream.allowPlaintext: true` accepts it'
  context.addIssue({ code: 'custom', path: ['sasl', 'mechanism'], message })
})

export const kafkaGatewaySchema = z.strictObject({
  ...gatewaySettings,
  listener: listenerSettings,
  upstream: upstreamSettings,
  limits: limitsSchema.prefault({}),
})

export type KafkaGatewayConfig = z.output<typeof kafkaGatewaySchema>
export type Limits = z.output<typeof limitsSchema>
