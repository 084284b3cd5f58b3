import { hostPort, secret } from '@weir/config'
import { clientTlsProblem } from '@weir/control-plane-client'
import { z } from 'zod'
import { isBeyondLoopback } from './plaintext.ts'

const tls = z.strictObject({
  certificate: z.string().describe('PEM of the server certificate, and of those above it.'),
  key: secret().describe('PEM of its private key, without a passphrase; best given as `${file:…}`.'),
  clientCa: z.string().optional().describe('PEM of the authorities whose client certificates are accepted.'),
  clientAuth: z
    .enum(['none', 'optional', 'required'])
    .default('none')
    .describe(
      'Whether clients show a certificate. One that `clientCa` does not vouch for is refused, also where it is optional. Clients log in by SASL all the same.',
    ),
})

const section = z.strictObject({
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
  tls: tls
    .optional()
    .describe('Speak TLS 1.2 and 1.3 with clients, on the bootstrap port and every broker’s. Absent: plain TCP.'),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe('Speak plain TCP beyond loopback. Whoever listens on the way reads passwords, tokens and records.'),
})

/** Where clients come in, and how. Beyond loopback that is by TLS, or plain because somebody wrote so. */
export const listenerSettings = section.superRefine((settings, context) => {
  for (const [path, message] of problemsOf(settings)) context.addIssue({ code: 'custom', path: [...path], message })
})

export type ListenerTls = z.output<typeof tls>

function* problemsOf({ bind, tls: own, allowPlaintext }: z.output<typeof section>): Generator<[string[], string]> {
  if (own !== undefined) {
    yield* tlsProblems(own)
  } else if (isBeyondLoopback(bind.host) && !allowPlaintext) {
    yield [
      ['bind'],
      'needs `tls` beyond loopback, because whoever listens on the way could take the passwords and tokens of clients; `allowPlaintext: true` accepts that',
    ]
  }
}

function* tlsProblems({ certificate, key, clientCa, clientAuth }: ListenerTls): Generator<[string[], string]> {
  const problem = clientTlsProblem({ ca: clientCa, certificate, key: key.reveal() })
  if (problem !== undefined) yield [['tls', problem.part === 'ca' ? 'clientCa' : problem.part], problem.message]
  if (clientAuth !== 'none' && clientCa === undefined) {
    yield [['tls', 'clientAuth'], `is \`${clientAuth}\`, so \`clientCa\` must say whose certificates are accepted`]
  }
  if (clientAuth === 'none' && clientCa !== undefined) {
    yield [['tls', 'clientCa'], 'has no effect while no certificate is asked for: set `clientAuth`']
  }
}
