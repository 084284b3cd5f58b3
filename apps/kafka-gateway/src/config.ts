import { byteSize, duration, hostPort, secret } from '@weir/config'
import { clientTlsSettings, gatewaySettings } from '@weir/guard'
import { z } from 'zod'

/** Every wait, buffer and count that a client can drive has a name and a bound. */
export const limitsSchema = z.strictObject({
  maxFrameBytes: byteSize()
    .prefault('100MiB')
    .describe('Largest request or response; as the broker’s socket.request.max.bytes.'),
  maxFrameBytesBeforeAuthentication: byteSize()
    .prefault('64KiB')
    .describe('The same for clients that have not proven who they are.'),
  authenticationTimeout: duration().prefault('10s').describe('From the first byte to a proven identity.'),
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

export const kafkaGatewaySchema = z.strictObject({
  ...gatewaySettings,
  listener: z.strictObject({
    bind: hostPort().describe('The bootstrap address that clients are given.'),
    advertisedHost: z
      .string()
      .optional()
      .describe('Host that clients reach this gateway at; the bound host when absent.'),
    brokerPortBase: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('Broker n is served on this port + n; the bootstrap port + 1 when absent.'),
  }),
  upstream: z.strictObject({
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
  }),
  limits: limitsSchema.prefault({}),
})

export type KafkaGatewayConfig = z.output<typeof kafkaGatewaySchema>
export type Limits = z.output<typeof limitsSchema>
