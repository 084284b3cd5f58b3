import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createSecureContext } from 'node:tls'

/** How a client trusts a server, and proves itself to it. PEM texts. */
export type ClientTls = {
  /** Authorities to trust instead of those that Node trusts (its own list, and that of NODE_EXTRA_CA_CERTS). */
  readonly ca?: string | undefined
  /** The client's certificate, followed by those above it. */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  /** Name to verify, where it differs from the host of the URL. */
  readonly serverName?: string | undefined
}

/** Which of the texts is wrong, and in what. */
export type ClientTlsProblem = { readonly part: 'ca' | 'certificate' | 'key'; readonly message: string }

/** What is wrong with the texts, so that it is said when a configuration is read and not at the first connection. */
export function clientTlsProblem({ ca, certificate, key }: ClientTls): ClientTlsProblem | undefined {
  if (ca !== undefined && readCertificates(ca) === undefined) return { part: 'ca', message: notCertificates }
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined) return { part: 'key', message: 'needs the `certificate` that it belongs to' }
  if (key === undefined) return { part: 'certificate', message: 'needs its private `key`' }
  const own = readCertificates(certificate)?.[0]
  if (own === undefined) return { part: 'certificate', message: notCertificates }
  const privateKey = readKey(key)
  if (privateKey === undefined)
    return { part: 'key', message: 'must be the PEM of a private key, without a passphrase' }
  if (!own.checkPrivateKey(privateKey)) return { part: 'key', message: 'is not the key of the first `certificate`' }
  try {
    createSecureContext({ ca, cert: certificate, key })
    return undefined
  } catch (error) {
    // For example a key that is too short for what OpenSSL accepts.
    return { part: 'certificate', message: `cannot be used: ${(error as Error).message}` }
  }
}

const notCertificates = 'must be the PEM of one or more certificates'

/** OpenSSL skips over what is no certificate, and would then trust nobody without a word. */
function readCertificates(pem: string): X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.length === 0 ? undefined : blocks.map((block) => new X509Certificate(block))
  } catch {
    return undefined
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
