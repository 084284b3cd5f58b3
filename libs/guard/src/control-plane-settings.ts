import { secret } from '@weir/config'
import { isExposed } from '@weir/control-plane-client'
import { z } from 'zod'
import { clientTlsSettings } from './client-tls-settings.ts'

const credentials = z.strictObject({
  // An address that is none ends the check: what follows looks into it.
  issuer: z.url({ abort: true }),
  clientId: z.string().describe('The client that is registered for this gateway there.'),
  clientSecret: secret(),
  audience: z.string().default('weir-control-plane').describe('What the control plane expects in `aud`.'),
})

const section = z.strictObject({
  url: z
    .url({
      protocol: /^https?$/,
      error: 'must be an address that starts with https:// (http:// on loopback)',
      abort: true,
    })
    .describe('Where the control plane serves its API.'),
  bundleKey: z.string().describe('PEM of the public key that policy bundles are signed with: `${file:…}`.'),
  credentials: credentials
    .optional()
    .describe('Client credentials with which this gateway gets its token. Either these or a certificate in `tls`.'),
  tls: clientTlsSettings
    .optional()
    .describe('Whom to trust at an https:// address, and the certificate that proves this gateway.'),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe(
      'Accept an http:// address beyond loopback. Whoever listens on the way can take the token, write evidence in the name of this gateway, and read who does what.',
    ),
})

/** Where the control plane is, whom to take for it, and how this gateway proves itself: by exactly one of token and certificate. */
export const controlPlaneSettings = section.superRefine((settings, context) => {
  for (const [path, message] of problemsOf(settings)) context.addIssue({ code: 'custom', path: [...path], message })
})

export type ControlPlaneSettings = z.output<typeof controlPlaneSettings>

type SettingsProblem = readonly [path: readonly string[], message: string]

function* problemsOf(settings: z.output<typeof section>): Generator<SettingsProblem> {
  yield* proofProblems(settings)
  yield* plaintextProblems(settings)
}

function* proofProblems({ credentials, tls }: z.output<typeof section>): Generator<SettingsProblem> {
  const hasCertificate = tls?.certificate !== undefined || tls?.key !== undefined
  if (credentials === undefined && !hasCertificate) {
    yield [
      [],
      'must say how this gateway proves itself: `credentials`, or a `certificate` with its `key` in `tls`; there is neither',
    ]
  }
  if (credentials !== undefined && hasCertificate) {
    yield [['credentials'], 'must not stand beside a `certificate` in `tls`: a gateway proves itself in one way']
  }
}

function* plaintextProblems({
  url,
  credentials,
  tls,
  allowPlaintext,
}: z.output<typeof section>): Generator<SettingsProblem> {
  const address = new URL(url)
  if (tls !== undefined && address.protocol === 'http:') yield [['tls'], 'needs an https:// address in `url`']
  if (isExposed(address) && !allowPlaintext) {
    yield [
      ['url'],
      'must start with https://, because whoever listens on the way could take the token and read who does what; `allowPlaintext: true` accepts that',
    ]
  }
  if (credentials !== undefined && isExposed(new URL(credentials.issuer))) {
    yield [['credentials', 'issuer'], 'must start with https://, because the client secret is sent there']
  }
}
