import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProcess } from './process.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** PEM texts. */
export type IssuedCertificate = { readonly certificate: string; readonly key: string }

/** What a certificate shall say. */
export type CertificateRequest = {
  readonly commonName: string
  /** As openssl writes them: `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string
  /** Its time ended yesterday. */
  readonly isExpired?: boolean
}

/** A certificate authority that lives as long as a test. */
export type Authority = {
  /** PEM of its own certificate, good for a day. */
  readonly ca: string
  issue(request: CertificateRequest): Promise<IssuedCertificate>
  remove(): void
}

/** Makes an authority with the openssl of this machine; its key is in a temporary folder until `remove()`. */
export async function createAuthority(name: string): Promise<Authority> {
  const folder = temporaryFolder()
  const file = (part: string) => join(folder.path, part)
  writeFileSync(file('ca.key'), newKey(), { mode: 0o600 })
  const subject = ['-key', file('ca.key'), '-subj', `/CN=${name}`, '-days', '1']
  await openssl('req', '-x509', ...subject, '-out', file('ca.pem'))
  let count = 0
  return {
    ca: readFileSync(file('ca.pem'), 'utf8'),
    remove: folder.remove,
    async issue({ commonName, names, isExpired = false }) {
      const prefix = file(String((count += 1)))
      const key = newKey()
      writeFileSync(`${prefix}.key`, key, { mode: 0o600 })
      const extensions = names === undefined ? [] : ['-addext', `subjectAltName=${names}`]
      await openssl(
        'req',
        ...['-new', '-key', `${prefix}.key`, '-subj', `/CN=${commonName}`, ...extensions, '-out', `${prefix}.csr`],
      )
      const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-copy_extensions', 'copy']
      const times = ['-days', isExpired ? '-1' : '1']
      await openssl('x509', '-req', '-in', `${prefix}.csr`, ...signer, ...times, '-out', `${prefix}.pem`)
      return { certificate: readFileSync(`${prefix}.pem`, 'utf8'), key }
    },
  }
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

async function openssl(...args: string[]): Promise<void> {
  const { code, stderr } = await runProcess('openssl', args)
  if (code !== 0) throw new Error(`openssl ${args[0]} failed:\n${stderr}`)
}
