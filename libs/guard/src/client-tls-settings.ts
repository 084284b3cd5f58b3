import { secret } from '@weir/config'
import { clientTlsProblem } from '@weir/control-plane-client'
import type { ClientTls } from '@weir/control-plane-client'
import { z } from 'zod'

const section = z.strictObject({
  ca: z
    .string()
    .optional()
    .describe('PEM of the authorities to trust, and no others. Absent: those that Node and NODE_EXTRA_CA_CERTS name.'),
  certificate: z.string().optional().describe('PEM of the client certificate of this gateway, and of those above it.'),
  key: secret().optional().describe('PEM of its private key, without a passphrase; best given as `${file:…}`.'),
  serverName: z.string().optional().describe('Name to verify, where it differs from the address.'),
})

/** How a gateway trusts a TLS server and proves itself to it. Texts that cannot be used are refused when the file is read. */
export const clientTlsSettings = section.superRefine((settings, context) => {
  const problem = clientTlsProblem(clientTlsOf(settings))
  if (problem !== undefined) context.addIssue({ code: 'custom', path: [problem.part], message: problem.message })
})

/** The texts as a connection needs them. */
export function clientTlsOf({ ca, certificate, key, serverName }: z.output<typeof section>): ClientTls {
  return { ca, certificate, key: key?.reveal(), serverName }
}
